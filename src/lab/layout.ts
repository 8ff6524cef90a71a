import { join } from 'node:path'

/** Ports of etcd-manager-main on a kOps node; events has 4002, 2381, 3995, 3997 (FACTS 6). */
export const MAIN_PORTS = { client: 4001, peer: 2380, quarantine: 3994, grpc: 3996 } as const
export const SSH_PORT = 2222
/** An API server's; 443 in life, which only root may listen on. */
export const API_PORT = 8443

export type LabRole = 'control-plane' | 'worker'

/** One node of the sandbox: its loopback address and where its disk lies on this machine. */
export interface LabNode {
  name: string
  role: LabRole
  /** `127.A.B.n`, its own. */
  address: string
  port: number
  root: string
}

/** Where things are on a kOps node (FACTS 6), below a node's root; `bin` and `run` are the sandbox's own. */
export function pathsOf(node: Pick<LabNode, 'root'>) {
  const at = (path: string) => join(node.root, path)
  return {
    mainVolume: at('/mnt/master-vol-main'),
    eventsVolume: at('/mnt/master-vol-events'),
    besideVolume: at('/mnt/master-vol-restored'),
    manifests: at('/etc/kubernetes/manifests'),
    etcdPki: at('/etc/kubernetes/pki/etcd-manager-main'),
    clientPki: at('/srv/kubernetes/kube-apiserver'),
    etcdLog: at('/var/log/etcd.log'),
    logs: at('/var/log'),
    tmp: at('/tmp'),
    proc: at('/proc'),
    containers: at('/run/containers'),
    units: at('/run/units'),
    workloads: at('/run/workloads'),
    aside: at('/run/manifests'),
    pauseFile: at('/run/apiserver.paused'),
    bin: at('/opt/lab/bin'),
    managerFiles: at('/opt/lab/etcd-manager'),
    managerConfig: at('/opt/lab/etcd-manager.json'),
    apiserverConfig: at('/opt/lab/apiserver.json'),
    leaderFault: at('/opt/lab/dies-when-prepared'),
  }
}

export type NodePaths = ReturnType<typeof pathsOf>

/** Node names as the control plane of the incident had them: a, b, c; workers w1, w2, … */
export function planNodes(dir: string, net: string, workers: number): LabNode[] {
  const node = (name: string, role: LabRole, n: number): LabNode => ({
    name,
    role,
    address: `${net}.${n}`,
    port: SSH_PORT,
    root: join(dir, 'nodes', name),
  })
  const control = ['a', 'b', 'c'].map((name, i) => node(name, 'control-plane', 11 + i))
  const others = Array.from({ length: workers }, (_, i) => node(`w${i + 1}`, 'worker', 21 + i))
  return [...control, ...others]
}
