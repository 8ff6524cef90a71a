import type { Copy } from '../facts.ts'

/** What copies are ranked by. Backups have no token, no WAL and no cluster id of their own. */
export type Rankable = Pick<
  Copy,
  | 'id'
  | 'serving'
  | 'revision'
  | 'recordsKept'
  | 'clusterId'
  | 'members'
  | 'walTerm'
  | 'walIndex'
  | 'walWrites'
  | 'term'
  | 'consistentIndex'
  | 'foreign'
> & { token?: string | undefined }

/**
 * Best first, by what a copy holds and never by file times or sizes (FACTS 2). Copies of one cluster stay together, the
 * cluster that holds most records first: an empty cluster that was seeded weeks ago has few, however high its revision.
 * Within a cluster, the one whose log reaches furthest by term and index, as raft chooses a leader: a lagging member
 * lacks writes that the other two acknowledged. Then what runs now, other Kubernetes clusters' copies, and what cannot
 * be used.
 */
export function rankCopies<T extends Rankable>(copies: readonly T[]): T[] {
  const clusters = identify(copies)
  const held = (copy: Rankable) => clusters.records.get(clusters.of(copy)) ?? 0
  const hasTerms = copies.every((copy) => isUnusable(copy) || reach(copy).term !== undefined)
  return [...copies].sort(
    (a, b) =>
      Number(isUnusable(a)) - Number(isUnusable(b)) ||
      Number(a.foreign !== undefined) - Number(b.foreign !== undefined) ||
      Number(a.serving) - Number(b.serving) ||
      held(b) - held(a) ||
      order(clusters.of(a), clusters.of(b)) ||
      // etcd 3.4 keeps no term in its database, so its backups can be told apart by the index alone
      (hasTerms ? (reach(b).term ?? -1) - (reach(a).term ?? -1) : 0) ||
      (reach(b).index ?? -1) - (reach(a).index ?? -1) ||
      (b.revision ?? -1) - (a.revision ?? -1) ||
      order(a.id, b.id),
  )
}

/** The copy that a run proposes: the first that is usable and is not what the cluster runs now. */
export function bestCopy<T extends Rankable>(copies: readonly T[]): T | undefined {
  return rankCopies(copies).find(isCandidate)
}

/** Another cluster with at least this share of the best one's records may be the right one: a person must say. */
export const CLOSE_SHARE = 0.5

/** Fewer records than this share of the best copy's: nothing that was worth keeping. */
export const NEARLY_EMPTY = 0.05

/** The best copy of another cluster that holds nearly as much, if there is one. */
export function rivalOf<T extends Rankable>(best: T, copies: readonly T[]): T | undefined {
  const clusters = identify(copies)
  const held = (copy: Rankable) => clusters.records.get(clusters.of(copy)) ?? 0
  return rankCopies(copies).find(
    (copy) => isCandidate(copy) && clusters.of(copy) !== clusters.of(best) && held(copy) >= CLOSE_SHARE * held(best),
  )
}

interface Clusters {
  of(copy: Rankable): string
  /** The most records that any copy of a cluster holds. */
  records: Map<string, number>
}

/**
 * Which copies are of one etcd cluster. Only a WAL has the cluster's id; a backup is told by the ids of its members, of
 * which it shares one with a copy that has both.
 */
export function identify(copies: readonly Rankable[]): Clusters {
  const byMember = new Map<string, string>()
  for (const { clusterId, members = [] } of copies)
    if (clusterId !== undefined) for (const id of members) byMember.set(id, clusterId)
  const of = (copy: Rankable) =>
    copy.clusterId ??
    copy.members?.map((id) => byMember.get(id)).find((id) => id !== undefined) ??
    copy.token ??
    (copy.members ?? [copy.id]).join(',')
  const records = new Map<string, number>()
  for (const copy of copies) records.set(of(copy), Math.max(records.get(of(copy)) ?? 0, copy.recordsKept ?? 0))
  return { of, records }
}

/** How far a copy reaches in the log of its cluster: by its WAL, or by what its database took from it. */
export function reach(copy: Rankable): { term: number | undefined; index: number | undefined } {
  return { term: copy.walTerm ?? copy.term, index: copy.walIndex ?? copy.consistentIndex }
}

export const isCandidate = (copy: Rankable) =>
  !copy.serving && copy.foreign === undefined && (copy.revision ?? 0) > 1 && !isUnusable(copy)
/** A database that is not there or cannot be read. */
export const isUnusable = (copy: Rankable) => copy.revision === undefined
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
