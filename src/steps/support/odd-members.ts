import { RescueError } from '../../errors/rescue-error.ts'
import { shellQuote, shellWord } from '../../shell/quote.ts'
import type { Facts } from '../facts.ts'
import { hasVote, quorumOf } from './quorum.ts'

/** What the trial of a member's own directory gave, against the one that it is compared with. */
export interface Tried {
  node: string
  /**
   * `unfit`: no etcd starts on it as it is. `mended`: it was only read after it was mended on this machine, as `why` says.
   * `unknown`: it could not be compared, which is not the same.
   */
  is: 'same' | 'differs' | 'unknown' | 'unfit' | 'mended'
  revision?: number | undefined
  why?: string | undefined
}

type Members = Pick<Facts['generation'], 'members' | 'size'>

/** The members that hold the same are those that are put back, when they are a quorum: a majority is proof. Pure. */
export function agreeing(tried: readonly Tried[], generation: Members): Tried[] | undefined {
  const same = tried.filter(({ is }) => is === 'same')
  return voting(same, generation).length >= quorumOf(generation.size) ? same : undefined
}

/** A learner that holds the same proves nothing: it takes what any leader sends it. */
function voting(tried: readonly Tried[], { members }: Members): Tried[] {
  const isVoter = ({ node }: Tried) => members.some((member) => member.node === node && hasVote(member))
  return tried.filter(isVoter)
}

/**
 * Whoever leads them was voted for by a quorum, and nobody votes for a log shorter than his own: so all but the logs that
 * are not needed for a quorum are no longer than the leader's. With members missing more is acknowledged, perhaps, than
 * a quorum of those that are left holds. Pure.
 */
export function heldByAnyLeader(placed: readonly Tried[], generation: Members): number {
  const voters = voting(placed, generation)
  const longestFirst = voters.map(({ revision = 0 }) => revision).sort((a, b) => b - a)
  return longestFirst[voters.length - quorumOf(generation.size)] ?? 0
}

/** The generation and its seats without the directories of these nodes: their members are filled by their peers. Pure. */
export function leaveOut(
  { generation, placement }: Pick<Facts, 'generation' | 'placement'>,
  nodes: readonly string[],
): Pick<Facts, 'generation' | 'placement'> {
  const isOut = (node: string) => nodes.includes(node)
  const seats = placement.seats.map(({ source, ...seat }) => {
    const member = generation.members.find(({ node }) => node === seat.node)
    if (!isOut(seat.node)) return source === undefined ? seat : { ...seat, source }
    return { ...seat, ...(member === undefined ? {} : { lostMemberId: member.memberId }) }
  })
  const members = generation.members.filter(({ node }) => !isOut(node))
  return {
    generation: { ...generation, members, missing: [...new Set([...generation.missing, ...nodes])] },
    placement: { ...placement, seats },
  }
}

/** Why a member is not among those that hold the same. */
export function sayOut({ node, is, why }: Tried): string {
  if (is === 'unfit') return `the directory on ${node} does not start: ${why}`
  if (is === 'mended')
    return `the directory on ${node} is not what was proven: on a copy here, ${why}. An etcd that starts on its own bytes would do without what that brought back, or not start`
  return is === 'differs'
    ? `the member on ${node} holds other data than the others: ${why}`
    : `the member on ${node} could not be compared with the others: ${why}`
}

/** With no majority nobody can tell which one is right: a person seeds all from the one that is. */
export function noMajority(
  { members, size, token }: Facts['generation'],
  base: string,
  tried: readonly Tried[],
): RescueError {
  const others = tried.filter(({ is }) => is !== 'same').map(sayOut)
  const ids = members.map(({ node }) => `${node}:${token}`)
  return new RescueError(
    'PRECONDITION',
    `no quorum of the ${size} members holds the same, compared with ${base}: ${others.join('; ')}`,
    {
      hint: `nothing was changed; look which one is right (etcd-rescue diff ${shellQuote(ids.slice(0, 2))}), and seed all from it: etcd-rescue recover --method seed-in-place --copy NODE:${shellWord(token)}`,
    },
  )
}
