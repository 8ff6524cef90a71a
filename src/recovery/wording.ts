import { furthestRevision as furthest } from '../steps/support/backwards.ts'
import { identify, keysIn } from '../steps/support/clusters.ts'
import { hasQuorum } from '../steps/support/logs-found.ts'
import { isOfLearner } from '../steps/support/quorum.ts'
import { count, many } from '../words/numbers.ts'
import type { RecoveryCopy } from './copies.ts'
import type { Generation } from './generation.ts'
import type { Method, ProposalSource } from './proposal.ts'

/** `12 minutes`, `3 hours`, `5 days`: between two moments, whichever is first. */
export function span(from: Date, to: Date): string {
  const minutes = Math.round(Math.abs(to.getTime() - from.getTime()) / 60_000)
  if (minutes < 1) return 'less than a minute'
  if (minutes < 120) return plural(minutes, 'minute')
  return minutes < 48 * 60 ? plural(Math.round(minutes / 60), 'hour') : plural(Math.round(minutes / 1440), 'day')
}

const plural = (value: number, unit: string) => `${value} ${unit}${value === 1 ? '' : 's'}`

/** As `--copy` takes it also where a token lies twice on a node. */
export const placeOf = ({ id, node, path }: ProposalSource) =>
  node === undefined || path === undefined ? id : `${node}:${path}`

export function sourceOf(copy: RecoveryCopy): ProposalSource {
  const { id, node, path, token, backup, recordsKept: records, at } = copy
  const known = {
    node,
    path: node === undefined ? undefined : path,
    token,
    backup,
    revision: furthest(copy),
    keys: keysIn(copy),
    records,
    at,
  }
  return { id, ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) }
}

/** Revision, keys, age: what the operator will have. */
export function comesBack(method: Method, copy: RecoveryCopy, { members, size }: Generation, now: Date): string {
  const revision = furthest(copy)
  const upTo = revision === undefined ? '' : `revision ${count(revision)}`
  const keys = keysIn(copy)
  const holds = keys === undefined ? '' : `about ${many(keys, 'key')}`
  const from = copy.backup === undefined ? `of ${copy.id}` : `of the backup ${copy.backup}`
  const what = copy.backup === undefined ? (copy.place === 'trashcan' ? 'trashed' : 'last changed') : 'made'
  const age = copy.at === undefined ? '' : `, ${what} ${span(new Date(copy.at), now)} ago`
  const whole =
    method === 'return-in-place'
      ? `; ${members.filter((one) => !isOfLearner(one)).length} of ${size} members as they were, with leases`
      : ''
  return `${[upTo, holds].filter((part) => part !== '').join(', ')} ${from}${age}${whole}`.trim()
}

interface Loses {
  method: Method
  source: RecoveryCopy
  /** The copy that reaches furthest, to say what a backup lacks. */
  best: RecoveryCopy
  copies: readonly RecoveryCopy[]
  generation: Generation
}

/** What the operator will not have, the most painful first (FACTS 4 and 5). */
export function loses({ method, source, best, copies, generation }: Loses): string[] {
  const since = method === 'restore-backup' ? sinceBackup(source, best, copies) : sinceCopy(source)
  const resets = ['all leases', 'all revisions: they begin again at 2, and everything that watches is restarted']
  switch (method) {
    case 'return-in-place':
      return [since, ...goesBack(generation)]
    case 'seed-in-place':
      return [since, ...missingLogs(generation), 'member ids; revisions jump ahead, so that old watches start anew']
    case 'rebuild-from-trashcan':
      return [since, ...missingLogs(generation), ...resets]
    case 'restore-backup':
      return [since, ...resets]
  }
}

const sinceCopy = ({ place }: RecoveryCopy) =>
  place === 'trashcan' ? 'what was written since it was trashed' : 'what was written to any other cluster since'

/** Who has seen more than what comes back must be started anew; the run does it for what it knows (FACTS 5). */
function goesBack({ backwards }: Generation): string[] {
  if (backwards === undefined || backwards.isBackwards === false) return []
  const { running, returned } = backwards
  const from = running === undefined || returned === undefined ? '' : ` from ${count(running)} to ${count(returned)}`
  return [
    `revisions go back${from}: network plugins, operators and all else that watches are yours to restart, beside what is restarted here`,
  ]
}

/** Only the logs of a quorum together surely hold every acknowledged write. */
function missingLogs(generation: Generation): string[] {
  if (hasQuorum(generation)) return []
  const { logs, size } = generation
  return [`perhaps the last acknowledged writes: ${logs} of ${size} members' logs were found`]
}

function sinceBackup(backup: RecoveryCopy, best: RecoveryCopy, copies: readonly RecoveryCopy[]): string {
  const { of } = identify(copies)
  const [from, to] = [furthest(backup), furthest(best)]
  const behind = of(backup) === of(best) && from !== undefined && to !== undefined ? to - from : 0
  return behind > 0
    ? `the ${many(behind, 'revision')} after it, which ${best.id} has`
    : 'what was written after it was made'
}
