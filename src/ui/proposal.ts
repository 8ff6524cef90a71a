import type { Assessment, Proposal, ProposalSource } from '../recovery/proposal.ts'
import { count, many, minute } from '../words/numbers.ts'
import { awayFor, rounded } from './away-for.ts'

/** What is proposed for one etcd cluster: what to be careful of, four lines, then one for each other way. Left alone: one line. */
export function assessmentLines({
  etcdCluster,
  need,
  why,
  best,
  proposals,
  rivals = [],
  notes = [],
}: Assessment): string[] {
  if (best === undefined) return [`etcd ${etcdCluster}: ${need === 'unclear' ? '' : 'left alone, '}${why}`]
  const careful = need === 'unclear' ? [`careful, etcd ${etcdCluster}: ${why}`] : []
  const clusters = rivals.map((rival) => `  ${rivalLine(rival)}`)
  return [
    ...careful,
    ...clusters,
    ...notes,
    ...proposalLines(best),
    ...whyNotFirst(best, proposals),
    ...othersLines(best, proposals),
  ]
}

/** What was not looked at comes before all that was found: it may be what is looked for. */
export const unsearchedLine = ({ node, path, why }: { node: string; path?: string | undefined; why: string }): string =>
  `${path === undefined ? node : `${path} on ${node}`} was not searched, and may hold newer data: ${why}`

/** One of two clusters, as a person tells them apart: by what it holds, and when it ended. */
export function rivalLine({ id, backup, keys, revision, at }: ProposalSource): string {
  const holds = keys === undefined ? 'cannot be read' : `about ${many(keys, 'key')}`
  const upTo = revision === undefined ? '' : `, revision ${count(revision)}`
  const since =
    at === undefined ? '' : `, ${backup === undefined ? 'trashed or last changed' : 'made'} ${minute(at)} UTC`
  return `${backup ?? id}: ${holds}${upTo}${since}`
}

/** A way that comes before the one that is proposed, and is possible: the first thing that is asked at 3 a.m. */
function whyNotFirst(best: Proposal, proposals: readonly Proposal[]): string[] {
  const earlier = proposals.slice(0, proposals.indexOf(best)).filter(({ possible }) => possible)
  return earlier.map(({ method, why }) => `  not ${method}: ${why}`)
}

function proposalLines({ etcdCluster, method, comesBack, lost, touches, ...times }: Proposal): string[] {
  return [
    `etcd ${etcdCluster}, ${method}. Comes back: ${comesBack}`,
    `  lost:    ${lost.join('; ')}`,
    `  takes:   ${about(times)} (by the size of the data, from recoveries that were measured)`,
    `  touches: ${touches.join('; ')}`,
  ]
}

function othersLines(best: Proposal, proposals: readonly Proposal[]): string[] {
  const told = new Set(proposals.slice(0, proposals.indexOf(best)).filter(({ possible }) => possible))
  const bare = (other: Proposal) => (told.has(other) ? without(other, 'why') : other)
  return proposals.filter((other) => other !== best).map((other) => `  or ${alternativeLine(bare(other), best)}`)
}

/** One way in one line; of what it loses, what the best one does not. */
function alternativeLine({ method, possible, why, next, lost, ...times }: Proposal, best: Proposal): string {
  const name = method.padEnd(22)
  const also = lost.filter((one) => method === best.method || !best.lost.includes(one))
  const loses = also.length === 0 ? '' : `; ${method === best.method ? '' : 'also '}lost: ${also.join('; ')}`
  if (possible) return `${name} ${about(times)}${loses}${why === undefined ? '' : ` (${why})`}`
  return `${name} not possible: ${why}${next === undefined ? '' : `; the next best is ${next}`}`
}

/** In the list to choose from: the lines above it tell what each loses. */
export function choiceLine({ method, possible, ...times }: Proposal): string {
  return possible ? `${method.padEnd(22)} ${about(times)}` : method.padEnd(22)
}

function without<K extends 'why'>(proposal: Proposal, name: K): Omit<Proposal, K> {
  const { [name]: _, ...rest } = proposal
  return rest
}

function about({ seconds, ...outage }: Pick<Proposal, 'seconds' | 'outageSeconds' | 'outageMostSeconds'>): string {
  return `about ${rounded(seconds)}, of which etcd is away for ${awayFor(outage)}`
}
