import { clientPorts, liveEtcd } from '../../adapters/etcd/live.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'

/** What an etcd cluster serves now. */
export interface Served {
  keys: number
  clusterId: string
  /** Ids of its members, by which its backups are known. */
  members: string[]
  revision: number
  /** Of main: what its API servers show to kubelets and controllers. */
  kinds: Record<Kind, number>
}

/** What a person knows the size of. */
export const KINDS = { nodes: '/registry/minions/', pods: '/registry/pods/', namespaces: '/registry/namespaces/' }
export type Kind = keyof typeof KINDS

/** Undefined when it does not answer: then nobody is served anything. */
export async function servedNow(
  hosts: readonly RemoteHost[],
  etcdCluster: string,
  certificateDir?: string,
): Promise<Served | undefined> {
  if (hosts.length === 0 || clientPorts[etcdCluster] === undefined) return undefined
  try {
    const client = await liveEtcd({ hosts, etcdCluster, certificateDir }).connect({ timeoutMs: 5000 })
    try {
      const [{ clusterId, revision }, members, keys, nodes, pods, namespaces] = await Promise.all([
        client.status(),
        client.members(),
        client.count(),
        ...Object.values(KINDS).map((prefix) => client.count({ prefix })),
      ])
      const kinds = { nodes: nodes ?? 0, pods: pods ?? 0, namespaces: namespaces ?? 0 }
      return { keys, clusterId, members: members.map(({ id }) => id), revision, kinds }
    } finally {
      await client.close()
    }
  } catch {
    return undefined
  }
}
