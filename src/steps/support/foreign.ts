import type { EtcdMember } from '../../bolt/index.ts'

/** kOps names its etcd peers `etcd-a.internal.<cluster>` (kubernetes/kops, the dns-suffix of its etcd-manager manifest). */
const INTERNAL = /^https?:\/\/[^/:]+\.internal\.([a-z0-9.-]+?)\.?(?::\d+)?\/?$/i

/**
 * The Kubernetes cluster that a copy's members belong to by their peer URLs, when that is not `cluster`. A volume that was
 * attached to the wrong node, or a backup in the wrong folder, must not be restored over this one. Undefined when they do
 * not tell.
 */
export function foreignCluster(members: readonly EtcdMember[], cluster: string): string | undefined {
  const names = members.flatMap(({ peerUrls }) => peerUrls.map((url) => INTERNAL.exec(url)?.[1]?.toLowerCase()))
  const known = [...new Set(names.filter((name) => name !== undefined))]
  return known.length === 0 || known.includes(cluster.toLowerCase()) ? undefined : known[0]
}
