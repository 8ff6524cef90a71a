import type { Assessment, Proposal } from '../recovery/proposal.ts'
import { duration } from './text.ts'

/** What is proposed for one etcd cluster: exactly four lines, then one for each other way. Left alone: one line. */
export function assessmentLines({ etcdCluster, need, why, best, proposals }: Assessment): string[] {
  if (best === undefined) return [`etcd ${etcdCluster}: left alone, ${why}`]
  const careful = need === 'unclear' ? [`careful, etcd ${etcdCluster}: ${why}`] : []
  return [...careful, ...proposalLines(best), ...othersLines(best, proposals)]
}

function proposalLines({ etcdCluster, method, comesBack, lost, touches, ...times }: Proposal): string[] {
  return [
    `etcd ${etcdCluster}, ${method}. Comes back: ${comesBack}`,
    `  lost:    ${lost.join('; ')}`,
    `  takes:   ${about(times)}`,
    `  touches: ${touches.join('; ')}`,
  ]
}

function othersLines(best: Proposal, proposals: readonly Proposal[]): string[] {
  return proposals.filter(({ method }) => method !== best.method).map((other) => `  or ${alternativeLine(other, best)}`)
}

/** One way in one line, also in the list to choose from; of what it loses, what the best one does not. */
export function alternativeLine({ method, possible, why, next, lost, ...times }: Proposal, best: Proposal): string {
  const name = method.padEnd(22)
  const also = lost.filter((one) => method === best.method || !best.lost.includes(one))
  const loses = also.length === 0 ? '' : `; ${method === best.method ? '' : 'also '}lost: ${also.join('; ')}`
  if (possible) return `${name} ${about(times)}${loses}${why === undefined ? '' : ` (${why})`}`
  return `${name} not possible: ${why}${next === undefined ? '' : `; the next best is ${next}`}`
}

function about({ seconds, outageSeconds }: Pick<Proposal, 'seconds' | 'outageSeconds'>): string {
  return `about ${rounded(seconds)}, of which etcd is away for ${rounded(outageSeconds)}`
}

/** An estimate has no seconds beyond two minutes. */
const rounded = (seconds: number) => (seconds < 120 ? duration(seconds) : `${Math.round(seconds / 60)} min`)
