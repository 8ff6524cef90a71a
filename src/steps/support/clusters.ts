import type { Copy } from '../facts.ts'

/** What copies are ranked by. Backups have no token, no WAL and no cluster id of their own. */
export type Rankable = Pick<
  Copy,
  | 'id'
  | 'serving'
  | 'named'
  | 'servingUnseen'
  | 'revision'
  | 'recordsKept'
  | 'keysKept'
  | 'clusterId'
  | 'members'
  | 'memberId'
  | 'learners'
  | 'walTerm'
  | 'walIndex'
  | 'walWrites'
  | 'term'
  | 'consistentIndex'
  | 'foreign'
  | 'log'
> & {
  token?: string | undefined
  sizeBytes?: number | undefined
  walBytes?: number | undefined
}

interface Clusters {
  of(copy: Rankable): string
  /** Whether something in the copy, or in another of its token, says of which cluster it is. */
  isKnown(copy: Rankable): boolean
  /** The most keys that any copy of its cluster holds. */
  keysOf(copy: Rankable): number
}

/**
 * Which copies are of one etcd cluster. Only a WAL has the cluster's id; a backup is told by the ids of its members, of
 * which it shares one with a copy that has both, and a directory that does not tell by the others of its token.
 */
export function identify(copies: readonly Rankable[]): Clusters {
  const byMember = new Map<string, string>()
  const byToken = new Map<string, Set<string>>()
  for (const { clusterId, members = [], token } of copies) {
    if (clusterId === undefined) continue
    for (const id of members) byMember.set(id, clusterId)
    if (token !== undefined) byToken.set(token, (byToken.get(token) ?? new Set()).add(clusterId))
  }
  const idOf = ({ clusterId, members = [], token = '' }: Rankable) => {
    const ofToken = [...(byToken.get(token) ?? [])]
    const said = clusterId ?? members.map((id) => byMember.get(id)).find((id) => id !== undefined)
    return said ?? (ofToken.length === 1 ? ofToken[0] : undefined)
  }
  const of = (copy: Rankable) => idOf(copy) ?? copy.token ?? (copy.members ?? [copy.id]).join(',')
  const keys = new Map<string, number>()
  for (const copy of copies) keys.set(of(copy), Math.max(keys.get(of(copy)) ?? 0, keysIn(copy) ?? 0))
  return { of, isKnown: (copy) => idOf(copy) !== undefined, keysOf: (copy) => keys.get(of(copy)) ?? 0 }
}

/**
 * About how many keys a copy holds; undefined where its database does not tell. A young one may have all only in its log:
 * then at most as many as that has writes.
 */
export function keysIn({ keysKept, recordsKept, revision, walWrites, log }: Rankable): number | undefined {
  const held = keysKept ?? recordsKept
  if (revision === undefined) return log?.state === 'database-lost' ? log.usableTo : held
  return revision <= 1 ? Math.max(held ?? 0, walWrites ?? 0) : held
}

/** What API servers and controllers write into an empty cluster by themselves. */
const WRITTEN_BY_ITSELF = 400
/** No cluster with so many keys is empty, however many more another one holds. */
const NEVER_EMPTY = 2000
const SHARE = 0.05
/** In a cluster of a few hundred keys, everything would be nearly empty. */
const SHARE_OF_FEW = 0.25

/** Fewer live keys than this beside a cluster that holds `most`: nothing that was worth keeping. */
export function isNearlyEmpty(keys: number, most: number): boolean {
  return keys < Math.min(SHARE_OF_FEW * most, Math.max(WRITTEN_BY_ITSELF, Math.min(SHARE * most, NEVER_EMPTY)))
}
