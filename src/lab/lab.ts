import type { ObjectStore } from '../ports/object-store.ts'
import type { Informer } from './apiserver/informer.ts'
import type { Gateway } from './etcd/gateway.ts'
import type { LabNode } from './layout.ts'
import type { LabSettings } from './options.ts'
import type { Faults } from './s3/faults.ts'
import type { NodeFaults } from './ssh/faults.ts'

/** A running sandbox cluster: see `buildLab`. */
export interface Lab {
  /** The Kubernetes cluster's name, as `etcd-rescue.yaml` has it. */
  readonly cluster: string
  /** 0700; everything of the sandbox is in it. */
  readonly dir: string
  readonly settings: LabSettings
  /** a, b, c, then workers. */
  readonly nodes: readonly LabNode[]
  /** `etcd-rescue.yaml`, for `--config`. */
  readonly configFile: string
  /** What a process needs besides the config: the S3 credentials, as kOps names them. Empty with a file store. */
  readonly env: Readonly<Record<string, string>>
  readonly identityFile: string
  readonly knownHosts: string
  /** The backup store of `main`. */
  readonly store: ObjectStore
  /** Faults of the S3 server, when the store is one. */
  readonly s3Faults: Faults | undefined
  /** Sets a lifecycle rule on a prefix of the backup store; undefined with a store on disk. */
  readonly expire: ((prefix: string) => Promise<void>) | undefined
  stopExpiring(): Promise<void>
  /** By node name; change them while it runs. */
  readonly faults: Readonly<Record<string, NodeFaults>>
  /** A client of one node's etcd on port 4001; close it. Default node: a. */
  etcd(node?: string): Gateway
  /** Moves a static pod's manifest away and waits until its container is gone: `etcd-manager-main`, `kube-apiserver`, … */
  stopPod(node: string, pod: string): Promise<void>
  /** Moves it back; kubelet starts the pod within moments. */
  startPod(node: string, pod: string): Promise<void>
  /** SIGKILL to a static pod's container, or to all of the node; kubelet starts those whose manifest is there again. */
  killPods(node: string, pod?: string): Promise<void>
  /** Stops and resumes the writing of the API server doubles. */
  pauseApiservers(paused: boolean): Promise<void>
  /** Holds the workers' kubelets, or lets them look again which pods they are to run. */
  pauseKubelets(paused: boolean): void
  /** Resolves when every worker's kubelet has acted on an API server's list since this call. */
  kubeletsAnswered(timeoutMs: number): Promise<void>
  /** Pods of the workers: how many should run, and how many do. */
  workloads(): Promise<{ expected: number; running: number }>
  /** What lists and watches pods from now on: kubelets, the control loop, and kube-proxy, which no recovery restarts. */
  startInformers(): Promise<readonly Informer[]>
  /** Resolves when all members, or those of these nodes, answer linearizable reads on port 4001. */
  ready(nodes?: readonly string[]): Promise<void>
  /** How many do, when all do or after as long as `ready` would wait. */
  countServing(): Promise<number>
  /** Stops every process and removes the directory (unless `keep`). Safe to call twice. */
  close(): Promise<void>
}
