import { identify, type Rankable } from './clusters.ts'
import { isCandidate, rankCopies } from './rank.ts'
import { reach } from './reach.ts'
import { type Running, runningCluster } from './running.ts'

/**
 * Why two directories of one etcd cluster went on without each other, so that neither holds what the other has; undefined
 * where they may be of one history. Raft never lets a later term lack what an earlier one has committed, and a member that
 * was started with `--force-new-cluster` names itself alone.
 */
export function apart(one: Rankable, other: Rankable): string | undefined {
  const [lone, more] = [one, other].sort((a, b) => (a.members?.length ?? 0) - (b.members?.length ?? 0)) as [
    Rankable,
    Rankable,
  ]
  if (lone.members?.length === 1 && (more.members?.length ?? 0) > 1)
    return `${lone.id} names itself as the only member, and ${more.id} names ${more.members?.length}`
  const [later, earlier] = [one, other].sort((a, b) => (reach(b).term ?? 0) - (reach(a).term ?? 0)) as [
    Rankable,
    Rankable,
  ]
  const [to, from] = [reach(later), reach(earlier)]
  if (to.term === undefined || from.term === undefined || to.term === from.term) return undefined
  const committed = earlier.consistentIndex ?? 0
  if (to.index === undefined || committed <= to.index) return undefined
  return `${earlier.id} has committed index ${committed}, and ${later.id} of a later term ends at ${to.index}`
}

/** The best copy of the same cluster that went another way than this one, and why. */
export function otherHistory<T extends Rankable>(
  best: T,
  copies: readonly T[],
  running: Running = runningCluster(copies),
): { copy: T; why: string } | undefined {
  const { of } = identify(copies)
  for (const copy of rankCopies(copies, running)) {
    if (copy === best || of(copy) !== of(best) || !isCandidate(copy, running)) continue
    const why = apart(best, copy)
    if (why !== undefined) return { copy, why }
  }
  return undefined
}
