import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import { detectRuntime } from './detect-runtime.ts'
import { findContainers } from './runtime.ts'

/**
 * The root of the running etcd-manager's container, as this node's files show it through its process: the image may have no
 * shell. Undefined when nothing runs.
 */
export async function managerRoot(host: RemoteHost, etcdCluster: string): Promise<string | undefined> {
  const query = { container: 'etcd-manager', podPrefix: `etcd-manager-${etcdCluster}` }
  const [container] = await findContainers(host, query)
  if (!container) return undefined
  const { pid } = await (await detectRuntime(host)).inspect(container.id)
  return pid > 0 ? pathOn(host, `/proc/${pid}/root`) : undefined
}
