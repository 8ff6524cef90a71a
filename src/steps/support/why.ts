import { many } from '../../words/numbers.ts'
import { identify, isNearlyEmpty, type Rankable } from './clusters.ts'
import { bestCopy } from './rank.ts'
import { isUnusable, reach } from './reach.ts'
import { type Running, runningCluster } from './running.ts'

/** Why each of these copies ranks as it does, in a few words for the person who chooses. `findings` of unusable ones. */
export function reasons<T extends Rankable & { findings: string[] }>(
  copies: readonly T[],
  running: Running = runningCluster(copies),
): Map<T, string> {
  const best = bestCopy(copies, running)
  const { of, keysOf } = identify(copies)
  const most = best ? keysOf(best) : 0
  const reason = (copy: T): string => {
    if (isUnusable(copy)) return copy.findings[0] ?? 'unusable'
    if (copy.foreign !== undefined) return `belongs to another Kubernetes cluster: ${copy.foreign}`
    if (running.uses(copy)) return runningNow(keysOf(copy), most, best !== undefined)
    if (copy === best) return bestOf(copy, copies, of)
    if (best && of(copy) === of(best)) return behind(copy, best)
    if (running.isOf(copy))
      return best ? 'of the cluster that runs now, which holds less' : 'of the cluster that runs now'
    if (!best)
      return (copy.walWrites ?? 0) > 0 ? 'all that it holds is only in its WAL' : 'there is nothing in it to recover'
    return anotherCluster(copy, keysOf(copy), most)
  }
  const alone = (copy: T) =>
    copy.serving && !running.uses(copy) ? '; an etcd runs on it alone, and serves nobody' : ''
  return new Map(copies.map((copy) => [copy, `${reason(copy)}${alone(copy)}`]))
}

function anotherCluster({ revision = 0 }: Rankable, keys: number, most: number): string {
  if (revision <= 1 || isNearlyEmpty(keys, most)) return 'nearly empty: a cluster that was seeded after the loss'
  return `another cluster, that holds ${keys < most / 2 ? 'less' : 'about as much'}: a person must say which is right`
}

function runningNow(keys: number, most: number, isAnyBetter: boolean): string {
  if (!isAnyBetter) return 'what the cluster runs now'
  if (isNearlyEmpty(keys, most)) return 'what the cluster runs now: nearly empty, seeded after the loss'
  if (keys < most / 2) return 'what the cluster runs now: it holds less than the best copy, and is not empty'
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
  return `the same cluster, ${many(entries, 'log entry', 'log entries')} behind the best`
}
