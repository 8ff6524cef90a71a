import { count } from '../../words/numbers.ts'
import type { Facts } from '../facts.ts'
import { identify, type Rankable } from './clusters.ts'
import { isOfLearner, quorumOf } from './quorum.ts'
import { isUnusable } from './reach.ts'
import type { Running } from './running.ts'

export type Backwards = Facts['backwards']

/** A copy, with when it was trashed or made where that is known: Unix ms, or ISO 8601. */
type Dated = Rankable & { trashedAt?: number | undefined; at?: string | undefined }

interface Question {
  /** All that was found, the generation's among it. */
  copies: readonly Dated[]
  /** The directories that are returned to. */
  members: readonly Dated[]
  /** How many members with a vote the cluster has. */
  size: number
  running: Running
  /** What answers now. */
  live: { revision: number } | undefined
  /** Something was not looked at: what is not seen to run may run there. */
  isAllSearched: boolean
}

/** With what only the log holds. */
export const furthestRevision = ({ revision, walWrites = 0 }: Rankable): number | undefined =>
  revision === undefined ? undefined : revision + walWrites

/**
 * The running cluster goes on while this tool works, and an estimate of what a log adds is one: a generation is clearly
 * above it only at more than twice its revision. As much as it wrote since it was seeded it does not write in these minutes;
 * the first ones, of a cluster that is seconds old, are the rest.
 */
const isClearlyAbove = (own: number, seen: number) => own > 2 * seen + 100

/**
 * Whether clients may have seen higher revisions than the generation has: of what runs now, or of a cluster that ran after
 * it. Who has then watches from a future that does not come, in silence (FACTS 5). Pure.
 */
export function compareRevisions(question: Question): Backwards {
  const returned = returnedRevision(question)
  const running = seenSince(question)
  const known = { ...(running === undefined ? {} : { running }), ...(returned === undefined ? {} : { returned }) }
  if (returned === undefined) return { isBackwards: 'unknown', ...known }
  if (running !== undefined && running >= returned) return { isBackwards: true, ...known }
  if (isUntold(question) || (running !== undefined && !isClearlyAbove(returned, running)))
    return { isBackwards: 'unknown', ...known }
  return { isBackwards: shownBySame(question) > returned, ...known }
}

/**
 * What a quorum of the members has, or a database: what is in one was committed. The rest of the longest log was
 * acknowledged, and shown, to nobody.
 */
function returnedRevision({ members, size }: Question): number | undefined {
  const voters = members.filter((copy) => !isOfLearner(copy))
  const reached = voters.flatMap((copy) => furthestRevision(copy) ?? []).sort((a, b) => b - a)
  const ofQuorum = reached[quorumOf(size) - 1] ?? reached.at(-1)
  return ofQuorum === undefined ? undefined : Math.max(ofQuorum, ...members.map(({ revision = 0 }) => revision))
}

/** The highest of every other cluster that ran later, or when that is not known; its backups count as well. */
function seenSince(question: Question): number | undefined {
  const found = later(question).flatMap((copy) => furthestRevision(copy) ?? [])
  const all = question.live === undefined || isOfRunning(question) ? found : [...found, question.live.revision]
  return all.length === 0 ? undefined : Math.max(...all)
}

/** The generation is of the cluster that answers: then that has nothing that it lacks. */
const isOfRunning = ({ members, running }: Question) => members.some((copy) => running.isOf(copy))

function later({ copies, members, running }: Question): Dated[] {
  const { of } = identify(copies)
  const own = new Set(members.map(of))
  const ended = members.map(timeOf).filter((time) => time !== undefined)
  const isLater = (copy: Dated) => {
    const time = timeOf(copy)
    return running.isOf(copy) || time === undefined || ended.length === 0 || time >= Math.min(...ended)
  }
  return copies.filter((copy) => !own.has(of(copy)) && copy.foreign === undefined && isLater(copy))
}

function timeOf({ trashedAt, at }: Dated): number | undefined {
  return trashedAt ?? (at === undefined ? undefined : Date.parse(at))
}

/** Nothing that answers says what it stands at, and something that may have run cannot be read, or was not looked at. */
function isUntold(question: Question): boolean {
  if (question.live !== undefined) return false
  const others = later(question)
  const runs = others.filter((copy) => question.running.isOf(copy))
  if (runs.length > 0) return runs.every(isUnusable)
  return !question.isAllSearched || others.some((copy) => isUnusable(copy) && (copy.walBytes ?? 0) > 0)
}

/** What a database of the same cluster holds was committed, and shown, whoever is left out now. */
function shownBySame({ copies, members }: Question): number {
  const { of } = identify(copies)
  const own = new Set(members.map(of))
  return Math.max(0, ...copies.filter((copy) => own.has(of(copy))).map(({ revision = 0 }) => revision))
}

/** Why a return is not the best way; undefined where revisions go on. */
export function sayBackwards({ isBackwards, running, returned }: Backwards): string | undefined {
  if (isBackwards === false) return undefined
  if (running === undefined || returned === undefined)
    return 'revisions may go backwards: what runs now does not tell how far it is, and clients that have seen more wait in silence'
  const verb = isBackwards === true ? 'would' : 'may'
  return (
    `revisions ${verb} go backwards: what ran since stands at ${count(running)}, this generation at ${count(returned)}; ` +
    'kubelets, controllers and kube-proxy that have seen more wait in silence'
  )
}
