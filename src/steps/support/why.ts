import { bestCopy, CLOSE_SHARE, identify, isUnusable, NEARLY_EMPTY, type Rankable, reach } from './rank.ts'

/** Why each of these copies ranks as it does, in a few words for the person who chooses. `findings` of unusable ones. */
export function reasons<T extends Rankable & { findings: string[] }>(copies: readonly T[]): Map<T, string> {
  const best = bestCopy(copies)
  const clusters = identify(copies)
  const running = new Set(copies.filter(({ serving }) => serving).map(clusters.of))
  const held = (copy: T) => clusters.records.get(clusters.of(copy)) ?? 0
  const most = best ? held(best) : 0
  const reason = (copy: T): string => {
    if (isUnusable(copy)) return copy.findings[0] ?? 'unusable'
    if (copy.foreign !== undefined) return `belongs to another Kubernetes cluster: ${copy.foreign}`
    const share = most === 0 ? 1 : held(copy) / most
    if (copy.serving) return runningNow(share, best !== undefined)
    if (copy === best) return bestOf(copy, copies, clusters.of)
    if (best && clusters.of(copy) === clusters.of(best)) return behind(copy, best)
    if (!best)
      return (copy.walWrites ?? 0) > 0 ? 'all that it holds is only in its WAL' : 'there is nothing in it to recover'
    if (running.has(clusters.of(copy))) return 'of the cluster that runs now, which holds less'
    if (share < NEARLY_EMPTY || (copy.revision ?? 0) <= 1)
      return 'nearly empty: a cluster that was seeded after the loss'
    if (share < CLOSE_SHARE) return 'another cluster, that holds less'
    return 'another cluster, that holds about as much: a person must say which is right'
  }
  return new Map(copies.map((copy) => [copy, reason(copy)]))
}

function runningNow(share: number, isAnyBetter: boolean): string {
  if (!isAnyBetter) return 'what the cluster runs now'
  if (share < NEARLY_EMPTY) return 'what the cluster runs now: nearly empty, seeded after the loss'
  if (share < CLOSE_SHARE) return 'what the cluster runs now: it holds less than the best copy'
  return 'what the cluster runs now: it is not empty, and may need no recovery'
}

function bestOf<T extends Rankable>(best: T, copies: readonly T[], clusterOf: (copy: T) => string): string {
  const others = copies.filter((copy) => copy !== best && clusterOf(copy) === clusterOf(best))
  const isAlone = copies.every((copy) => clusterOf(copy) === clusterOf(best))
  const holds = isAlone ? 'best' : 'best: its cluster holds most'
  return others.length === 0 ? holds : `${holds}${isAlone ? ':' : ', and'} its log reaches furthest`
}

function behind(copy: Rankable, best: Rankable): string {
  const [own, furthest] = [reach(copy), reach(best)]
  if (own.index === undefined || furthest.index === undefined) return 'the same cluster'
  const entries = furthest.index - own.index
  if (own.term !== undefined && furthest.term !== undefined && own.term < furthest.term && entries <= 0)
    return 'the same cluster, with entries of an older term'
  if (entries <= 0) return 'the same cluster, and its log reaches as far as the best'
  return `the same cluster, ${entries.toLocaleString('en-US')} log entries behind the best`
}
