import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import type { ContainerRuntime } from './container.ts'
import { detectRuntime } from './detect-runtime.ts'
import { find } from './find.ts'
import { findContainers } from './runtime.ts'

/** What runs on a node, as far as it could be found out. */
export interface NodeVersions {
  /** The tag of etcd-manager's image: `v3.0.20260707`. Absent for a digest or when nothing runs. */
  managerVersion?: string
  /** Versions of etcd that this container carries: `/opt/etcd-v<version>/` (FACTS 6). Empty when none could be seen. */
  etcdVersionsOnNode: string[]
}

/** The versions of etcd-manager of one etcd cluster (`main`, `events`) on a node, and of the etcds it carries. */
export async function etcdManagerVersions(host: RemoteHost, etcdCluster: string): Promise<NodeVersions> {
  const query = { container: 'etcd-manager', podPrefix: `etcd-manager-${etcdCluster}` }
  const [container] = await findContainers(host, query)
  if (!container) return { etcdVersionsOnNode: [] }
  const runtime = await detectRuntime(host)
  const { image, pid } = await runtime.inspect(container.id)
  const managerVersion = /:([\w][\w.-]{0,127})(?:@sha256:[0-9a-f]+)?$/.exec(image)?.[1]
  const names = pid > 0 ? await namesFromOutside(host, pid) : await namesFromInside(runtime, container.id)
  const etcdVersionsOnNode = names.flatMap((name) => /^etcd-v(\d+\.\d+\.\d+)$/.exec(name)?.[1] ?? [])
  return { etcdVersionsOnNode, ...(managerVersion === undefined ? {} : { managerVersion }) }
}

/** The image may have no `ls`; root sees the container's files through its process. */
async function namesFromOutside(host: RemoteHost, pid: number): Promise<string[]> {
  const depth = ['-mindepth', '1', '-maxdepth', '1', '-name', 'etcd-v*']
  return (await find(host, [pathOn(host, `/proc/${pid}/root/opt`)], depth)).map(({ path }) =>
    path.slice(path.lastIndexOf('/') + 1),
  )
}

async function namesFromInside(runtime: ContainerRuntime, id: string): Promise<string[]> {
  return (await runtime.exec(id, ['ls', '/opt'])).split('\n').slice(0, 1000)
}
