/** What a run is aimed at: the normalised config for one etcd cluster. A plain value, safe to print and to journal. */
export interface Target {
  /** The Kubernetes cluster's name, typed by the operator before anything irreversible. */
  cluster: string
  /** `main`, `events`, `cilium`, `leases`. */
  etcdCluster: string
  backupStore: string
  nodes: { controlPlane: TargetNode[]; workers: TargetNode[] }
  tools: { etcdBinDir?: string; etcdManagerCtl?: string; etcdFromNodes?: boolean }
  /** Where this etcd cluster's etcd-manager logs on a control-plane node, if that is known. */
  log?: string
  /** How many seconds one etcd-manager loop takes: 10, less in a drill. Deadlines are multiples of it. */
  loopSeconds: number
}

export interface TargetNode {
  name: string
  address: string
  port: number
  root: string
  /** Globs of etcd-manager base directories on this node. */
  volumes: string[]
  /** Of a worker: it runs an API server, as nodes of kOps' role APIServer do. */
  apiServer?: true
}
