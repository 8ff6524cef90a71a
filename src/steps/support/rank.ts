import type { Copy } from '../facts.ts'

/**
 * Best first, by what a copy holds and never by file times or sizes (FACTS 2). Copies of one cluster (one token) stay
 * together, the cluster whose databases reach the highest revision first; within it, the member whose log reaches
 * furthest by term and index, as raft chooses a leader: a lagging member lacks writes that the other two acknowledged.
 * What runs now comes last.
 */
export function rankCopies(copies: readonly Copy[]): Copy[] {
  const reach = new Map<string, number>()
  for (const copy of copies) reach.set(clusterOf(copy), Math.max(reach.get(clusterOf(copy)) ?? -1, copy.revision ?? -1))
  return [...copies].sort(
    (a, b) =>
      Number(isUnusable(a)) - Number(isUnusable(b)) ||
      Number(a.serving) - Number(b.serving) ||
      (reach.get(clusterOf(b)) ?? -1) - (reach.get(clusterOf(a)) ?? -1) ||
      clusterOf(a).localeCompare(clusterOf(b), 'en') ||
      (b.walTerm ?? -1) - (a.walTerm ?? -1) ||
      (b.walIndex ?? -1) - (a.walIndex ?? -1) ||
      (b.revision ?? -1) - (a.revision ?? -1) ||
      a.id.localeCompare(b.id, 'en'),
  )
}

/** The copy that a run takes by itself: the best one that is usable and is not what the cluster runs now. */
export function bestCopy(copies: readonly Copy[]): Copy | undefined {
  return rankCopies(copies).find((copy) => !copy.serving && (copy.revision ?? 0) > 1 && !isUnusable(copy))
}

/** A database that is not there or cannot be read. */
const isUnusable = (copy: Copy) => copy.revision === undefined
const clusterOf = (copy: Copy) => copy.clusterId ?? copy.token
