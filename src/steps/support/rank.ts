import { identify, isNearlyEmpty, keysIn, type Rankable } from './clusters.ts'
import { isUnusable, logOrder, reach } from './reach.ts'
import { type Running, runningCluster } from './running.ts'

/**
 * Best first, by what a copy holds and never by file times or sizes (FACTS 2). Copies of one cluster stay together, the
 * cluster that holds most keys first: an empty cluster that was seeded weeks ago has few, however high its revision.
 * Within a cluster, the one whose log reaches furthest by term and index, as raft chooses a leader: a lagging member
 * lacks writes that the other two acknowledged; of equals, one whose log is sound. Then what runs now, other Kubernetes
 * clusters' copies, and what cannot be used.
 */
export function rankCopies<T extends Rankable>(copies: readonly T[], running: Running = runningCluster(copies)): T[] {
  const { of, keysOf } = identify(copies)
  const hasTerms = copies.every((copy) => isUnusable(copy) || reach(copy).term !== undefined)
  return [...copies].sort(
    (a, b) =>
      Number(isUnusable(a)) - Number(isUnusable(b)) ||
      Number(a.foreign !== undefined) - Number(b.foreign !== undefined) ||
      Number(running.uses(a)) - Number(running.uses(b)) ||
      Number(running.isOf(a)) - Number(running.isOf(b)) ||
      keysOf(b) - keysOf(a) ||
      order(of(a), of(b)) ||
      // etcd 3.4 keeps no term in its database, so its backups can be told apart by the index alone
      (hasTerms ? (reach(b).term ?? -1) - (reach(a).term ?? -1) : 0) ||
      (reach(b).index ?? -1) - (reach(a).index ?? -1) ||
      logOrder(a) - logOrder(b) ||
      (b.revision ?? -1) - (a.revision ?? -1) ||
      order(a.id, b.id),
  )
}

/** The copy that a run proposes: the first that is usable and is not of what the cluster runs now. */
export function bestCopy<T extends Rankable>(
  copies: readonly T[],
  running: Running = runningCluster(copies),
): T | undefined {
  return rankCopies(copies, running).find((copy) => isCandidate(copy, running))
}

/**
 * The best copy of each other cluster that may be the right one, so that a person must say: one that holds more than a
 * new cluster writes by itself, or of which no copy can be read. Which holds more says nothing, nor which is later.
 */
export function rivalsOf<T extends Rankable>(
  best: T,
  copies: readonly T[],
  running: Running = runningCluster(copies),
): T[] {
  const { of, keysOf } = identify(copies)
  const others = rankCopies(copies, running).filter(
    (copy) => of(copy) !== of(best) && copy.foreign === undefined && !running.isOf(copy),
  )
  const isFirst = (copy: T) => others.findIndex((other) => of(other) === of(copy)) === others.indexOf(copy)
  const isMore = (copy: T) =>
    isCandidate(copy, running) ? !isNearlyEmpty(keysOf(copy), keysOf(best)) : isUnusable(copy) && !isBare(copy)
  return others.filter((copy) => isFirst(copy) && isMore(copy))
}

/** No file in it holds anything. */
const isBare = ({ sizeBytes = 0, walBytes = 0 }: Rankable) => sizeBytes + walBytes === 0

/** What may be recovered from: it holds something, is this Kubernetes cluster's, and not of what runs now. */
export const isCandidate = (copy: Rankable, running: Running): boolean =>
  !isUnusable(copy) && copy.foreign === undefined && !running.isOf(copy) && holdsAnything(copy)

const holdsAnything = (copy: Rankable) => (copy.revision ?? 0) > 1 || (keysIn(copy) ?? 0) > 0

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
