import { sayBackwards } from '../steps/support/backwards.ts'
import { identify } from '../steps/support/clusters.ts'
import { newestGood } from '../steps/support/good-backups.ts'
import { bestCopy, rankCopies } from '../steps/support/rank.ts'
import { reach, unfitAlone } from '../steps/support/reach.ts'
import type { KnownSeat, KnownSeats } from '../steps/support/seat-seen.ts'
import { tooFewVolumes } from '../steps/support/volumeless.ts'
import { many } from '../words/numbers.ts'
import { isOnNode, type Live, type RecoveryCopy, type Running } from './copies.ts'
import { type Generation, generationOf } from './generation.ts'
import type { Method } from './proposal.ts'

/** What the four ways can start from. */
export interface Found {
  /** Of all copies and backups, the one that holds the most; or the one that was named. */
  best: RecoveryCopy | undefined
  onNode: RecoveryCopy | undefined
  backup: RecoveryCopy | undefined
  generation: Generation
  running: Running
  /** The nodes of which nothing tells the volume that their etcd-manager uses. */
  seatless: SeatUnknown[]
  /** Why too few nodes have a volume for a new cluster; absent where enough have. */
  tooFew?: string
  /** The operator said which: other data is not wanted. */
  named?: RecoveryCopy
}

export interface Search {
  copies: readonly RecoveryCopy[]
  /** Those that may be recovered from. */
  usable: readonly RecoveryCopy[]
  running: Running
  live: Live | undefined
  nodes: readonly string[]
  named: RecoveryCopy | undefined
  isAllSearched: boolean
  without: readonly string[]
  seats: KnownSeats
}

/** What is put on a volume that etcd-manager does not use, it never starts: no way leads over a guess. */
export type SeatUnknown = Extract<KnownSeat, { is: 'unseen' }>

const NONE: Generation = { logs: 0, size: 0, members: [] }

export function findSources(search: Search): Found {
  const { copies, usable, running, named } = search
  const backups = copies.filter((one) => !isOnNode(one))
  const best = bestCopy(usable, running)
  const onNode = bestCopy(usable.filter(isOnNode), running)
  const backup = newestGood(backups, running)
  const generation = (copy: RecoveryCopy | undefined) => (copy === undefined ? NONE : generationOf(copy, search))
  const of = { running, ...seatsIn(search) }
  if (named === undefined) return { best, onNode, backup, generation: generation(onNode), ...of }
  const chosen = isOnNode(named) ? { onNode: named, backup } : { onNode, backup: named }
  return { best: named, ...chosen, generation: generation(chosen.onNode), ...of, named }
}

function seatsIn({ seats, nodes }: Search): Pick<Found, 'seatless' | 'tooFew'> {
  const seatless = [...seats.values()].filter((seat) => seat.is === 'unseen')
  const tooFew = tooFewVolumes(nodes.length - volumeless(seats).length, nodes.length)
  return { seatless, ...(tooFew === undefined ? {} : { tooFew }) }
}

/** The nodes that were searched and have no volume of this etcd cluster. */
export const volumeless = (seats: KnownSeats): string[] =>
  [...seats].flatMap(([node, seat]) => (seat.is === 'absent' ? [node] : []))

export type Way = { source: RecoveryCopy; behind?: string } | { whyNot: string; seat?: SeatUnknown }

/** Whether a way can be gone, and from what. `behind`: it can, and another one is better. */
export function wayOf(method: Method, found: Found): Way {
  const refused = notTheNamed(method, found)
  if (refused !== undefined) return { whyNot: refused }
  const { onNode, backup, generation, tooFew } = found
  if (tooFew !== undefined && method !== 'return-in-place') return { whyNot: tooFew }
  if (method === 'restore-backup')
    return backup === undefined
      ? { whyNot: 'no backup was found that is good and not of the cluster that runs now' }
      : { source: backup }
  if (onNode === undefined) return { whyNot: 'no copy on a node holds data that could be recovered' }
  if (method === 'return-in-place' && generation.whyNot !== undefined) return { whyNot: generation.whyNot }
  const [seat] = method === 'rebuild-from-trashcan' ? [] : found.seatless
  if (seat !== undefined) return { whyNot: seat.why, seat }
  if (method !== 'return-in-place') return { source: onNode, ...join(behindBackup(onNode, found)) }
  const [furthest = onNode] = rankCopies(generation.members, found.running)
  const source = found.named ?? furthest
  const backwards = generation.backwards && sayBackwards(generation.backwards)
  return { source, ...join(behindBackup(furthest, found), behindOneLeftOut(furthest, onNode), backwards) }
}

function join(...reasons: (string | undefined)[]): { behind?: string } {
  const behind = reasons.filter((reason) => reason !== undefined)
  return behind.length === 0 ? {} : { behind: behind.join('; ') }
}

function notTheNamed(method: Method, { named, running }: Found): string | undefined {
  if (named === undefined) return undefined
  if (named.unread) return `${named.backup} cannot be read: ${named.unread.problem}: ${named.unread.hint}`
  if (isOnNode(named) === (method === 'restore-backup')) return `${named.backup ?? named.id} was named`
  if (running.uses(named)) return `${named.id} is what the cluster runs now`
  return (named.revision ?? 0) > 1 || (named.walWrites ?? 0) > 0 || named.log?.state === 'database-lost'
    ? undefined
    : `${named.backup ?? named.id} holds no data that could be recovered`
}

/** A backup may hold more than any copy on a node: those of a member that lagged, or of a cluster that was small. */
function behindBackup(onNode: RecoveryCopy, { best }: Found): string | undefined {
  if (best === undefined || isOnNode(best)) return undefined
  const { of } = identify([onNode, best])
  const isSame = of(onNode) === of(best)
  const reachesAsFar = (reach(onNode).index ?? -1) >= (reach(best).index ?? 0)
  return isSame && reachesAsFar ? undefined : `the backup ${best.backup} holds more than any copy on a node`
}

/** One whose log etcd would refuse is not put back; mended, it may hold more than all that are. */
function behindOneLeftOut(source: RecoveryCopy, best: RecoveryCopy): string | undefined {
  const more = (reach(best).index ?? 0) - (reach(source).index ?? 0)
  const why = unfitAlone(best)
  if (why === undefined || more <= 0) return undefined
  return `${best.id} reaches ${many(more, 'log entry', 'log entries')} further, and is not put back as it is: ${why}`
}
