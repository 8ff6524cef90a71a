import type { Copy } from '../facts.ts'

/**
 * Best first, by what a copy holds and never by file times or sizes (FACTS 2). Copies of one cluster stay together, the
 * cluster that holds most records first: an empty cluster that was seeded weeks ago has few, however high its revision.
 * Within a cluster, the member whose log reaches furthest by term and index, as raft chooses a leader: a lagging member
 * lacks writes that the other two acknowledged. What runs now comes last.
 */
export function rankCopies(copies: readonly Copy[]): Copy[] {
  const holds = recordsByCluster(copies)
  const held = (copy: Copy) => holds.get(clusterOf(copy)) ?? 0
  return [...copies].sort(
    (a, b) =>
      Number(isUnusable(a)) - Number(isUnusable(b)) ||
      Number(a.serving) - Number(b.serving) ||
      held(b) - held(a) ||
      order(clusterOf(a), clusterOf(b)) ||
      (b.walTerm ?? -1) - (a.walTerm ?? -1) ||
      (b.walIndex ?? -1) - (a.walIndex ?? -1) ||
      (b.revision ?? -1) - (a.revision ?? -1) ||
      order(a.id, b.id),
  )
}

/** The copy that a run proposes: the first that is usable and is not what the cluster runs now. */
export function bestCopy(copies: readonly Copy[]): Copy | undefined {
  return rankCopies(copies).find(isCandidate)
}

/** Another cluster with at least this share of the best one's records may be the right one: a person must say. */
export const CLOSE_SHARE = 0.5

/** The best copy of another cluster that holds nearly as much, if there is one. */
export function rivalOf(best: Copy, copies: readonly Copy[]): Copy | undefined {
  const holds = recordsByCluster(copies)
  const enough = (holds.get(clusterOf(best)) ?? 0) * CLOSE_SHARE
  return rankCopies(copies).find(
    (copy) => isCandidate(copy) && clusterOf(copy) !== clusterOf(best) && (holds.get(clusterOf(copy)) ?? 0) >= enough,
  )
}

function recordsByCluster(copies: readonly Copy[]): Map<string, number> {
  const most = new Map<string, number>()
  for (const copy of copies) most.set(clusterOf(copy), Math.max(most.get(clusterOf(copy)) ?? 0, copy.recordsKept ?? 0))
  return most
}

const isCandidate = (copy: Copy) => !copy.serving && (copy.revision ?? 0) > 1 && !isUnusable(copy)
/** A database that is not there or cannot be read. */
const isUnusable = (copy: Copy) => copy.revision === undefined
const clusterOf = (copy: Copy) => copy.clusterId ?? copy.token
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
