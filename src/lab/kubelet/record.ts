import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { putFile } from '../files.ts'
import { PLAYED_RELEASE } from '../options.ts'

export interface ContainerName {
  /** `etcd-manager-main-<node>`, as kubelet names a static pod's mirror. */
  pod: string
  /** `etcd-manager`, `kube-apiserver`, … */
  container: string
}

export interface ContainerRecord extends ContainerName {
  id: string
  pid: number
  attempt: number
  createdAt: bigint
}

/** The tag of etcd-manager's says what it restores with. */
export const imageOf = (container: string): string =>
  `registry.k8s.io/${container}:${container === 'etcd-manager' ? PLAYED_RELEASE : 'sandbox'}`

/** 64 hex digits, as containerd's. */
export const newId = (): string => randomBytes(32).toString('hex')

/** One entry of `crictl ps -o json`. */
export async function writeRecord(dir: string, record: ContainerRecord, state: 'RUNNING' | 'EXITED'): Promise<void> {
  const entry = {
    id: record.id,
    podSandboxId: record.id.split('').reverse().join(''),
    metadata: { name: record.container, attempt: record.attempt },
    image: { image: imageOf(record.container) },
    state: `CONTAINER_${state}`,
    createdAt: String(record.createdAt),
    labels: {
      'io.kubernetes.container.name': record.container,
      'io.kubernetes.pod.name': record.pod,
      'io.kubernetes.pod.namespace': 'kube-system',
    },
    annotations: {},
  }
  await putFile(join(dir, `${record.id}.json`), JSON.stringify(entry))
  if (state === 'RUNNING') await putFile(join(dir, `${record.id}.pid`), String(record.pid))
  else await rm(join(dir, `${record.id}.pid`), { force: true })
}

export async function dropRecord(dir: string, id: string): Promise<void> {
  await rm(join(dir, `${id}.json`), { force: true })
  await rm(join(dir, `${id}.pid`), { force: true })
}
