import { RescueError } from '../../errors/rescue-error.ts'
import type { Copy, Facts, GenerationMember } from '../facts.ts'
import { volumeOf } from './copies.ts'
import { apart } from './histories.ts'
import { hasVote, isOfLearner, quorumOf, votersIn } from './quorum.ts'
import { isUnusable, reach, unfitAlone } from './reach.ts'
import { type Running, runningCluster } from './running.ts'

type Generation = Facts['generation']

interface Chosen {
  copies: readonly Copy[]
  /** Its token is the generation's. */
  copy: Copy
  /** Names of the control-plane nodes of the config. */
  nodes: readonly string[]
  /** Nodes whose directory is not to be used. */
  without: readonly string[]
  /** Default: what the copies themselves tell. */
  running?: Running
  /** The volume that a node's etcd-manager uses, where that is known. Default: that of the etcd that runs. */
  seats?: ReadonlyMap<string, string>
}

interface Found {
  size: number
  /** Directories of the token. */
  same: readonly Copy[]
  without: readonly string[]
  isOnSeat(copy: Copy): boolean
}

const NEXT_BEST = 'seed all members from the best copy in place of it: etcd-rescue recover --method seed-in-place'

/**
 * The directories of one token, one a node. Pure. `PRECONDITION` with the next best way when they are no quorum of the
 * cluster that they name, disagree on the cluster's id, or are twice the same member.
 */
export function formGeneration(chosen: Chosen): Generation {
  const { copies, copy, nodes, without, running = runningCluster(copies) } = chosen
  const isOn = isOnSeat(copies, chosen.seats)
  const { token, clusterId } = copy
  if (clusterId === undefined)
    throw refused(`the copy ${copy.id} has no WAL that names its cluster, so it can only be a seed`)
  const same = copies.filter((other) => other.token === token && !running.uses(other) && !isUnusable(other))
  const other = same.find((one) => one.clusterId !== undefined && one.clusterId !== clusterId)
  if (other) {
    throw refused(
      `the directories of ${token} are of different clusters: ${clusterId} on ${copy.node}, ${other.clusterId} on ${other.node}`,
    )
  }
  const list = latestList([copy, ...same])
  const size = votersIn(list)
  if (size === 0) throw refused(`the copy ${copy.id} does not say which members its cluster had`)
  const all = list.members?.length ?? 0
  // an etcd-manager that nobody stops would go on with the empty cluster, and perhaps lead
  if (nodes.length < all)
    throw refused(`the cluster had ${all} members, and the config names only ${nodes.length} control-plane nodes`)
  const own = nodes.flatMap((node) => {
    const found = without.includes(node) ? undefined : furthestOn(node, same.filter(isOn))
    return found ? [found] : []
  })
  mustBeOneHistory(own)
  const closed = own.find(({ authEnabled }) => authEnabled)
  // put back as it was, it would answer neither the API servers nor this tool; a seed has it turned off
  if (closed) throw refused(`the data on ${closed.node} has authentication on, and no API server has a user in etcd`)
  const members = own.map((one) => toMember(one, list))
  const twice = members.find(({ memberId }, at) => members.findIndex((one) => one.memberId === memberId) !== at)
  if (twice) throw refused(`two directories are of the same member ${twice.name}: one was copied from the other`)
  if (members.filter(hasVote).length < quorumOf(size))
    throw refused(tooFew(members, { size, same, without, isOnSeat: isOn }))
  const missing = nodes.filter((node) => members.every((member) => member.node !== node))
  return { token, clusterId, size, members, missing }
}

/** Who is a member, and who has a vote, changes with the log: the database that holds most of it knows best. */
const latestList = (copies: readonly Copy[]): Copy =>
  copies.reduce((best, one) => ((one.consistentIndex ?? 0) > (best.consistentIndex ?? 0) ? one : best))

/** Also says why a directory that is there does not count: who sees it in the table would look for long. */
function tooFew(members: readonly GenerationMember[], { size, same, without, isOnSeat: isOn }: Found): string {
  const there = members.map(({ node }) => node)
  const voting = members.filter(hasVote).map(({ node }) => node)
  const leftOut = same
    .filter(({ node }) => without.includes(node))
    .map(({ node }) => `${node} is left out, as you said`)
  const noWal = same
    .filter(({ node, clusterId }) => clusterId === undefined && !there.includes(node))
    .map(({ node }) => `the one on ${node} has no WAL that names its cluster`)
  const unfit = same.flatMap((one) => {
    const why = there.includes(one.node) || without.includes(one.node) ? undefined : unfitAlone(one)
    return why === undefined ? [] : [`the one on ${one.node} is not put back as it is: ${why}`]
  })
  const beside = same
    .filter((one) => !there.includes(one.node) && !isOn(one))
    .map(({ node, path }) => `the one on ${node} lies on ${volumeOf(path)}, and its etcd-manager uses another volume`)
  const learners = there
    .filter((node) => !voting.includes(node))
    .map((node) => `the one on ${node} is a learner's, which has no vote`)
  const on = voting.length === 0 ? '' : ` (on ${voting.join(', ')})`
  const has = voting.length === 1 ? 'has' : 'have'
  const first = `${voting.length} of ${size} members ${has} a usable directory${on}, and ${quorumOf(size)} are needed`
  return [first, ...new Set([...leftOut, ...noWal, ...unfit, ...beside, ...learners])].join('; ')
}

/** Members that went on without each other would go on so, side by side: one of them alone may be seeded from. */
function mustBeOneHistory(own: readonly Copy[]): void {
  for (const [at, one] of own.entries())
    for (const other of own.slice(at + 1)) {
      const why = apart(one, other)
      if (why !== undefined) throw refused(`the directories went different ways: ${why}`)
    }
}

/**
 * A volume beside the one that the node's etcd runs on is a place of copies and never a seat: what is put there is never
 * started.
 */
function isOnSeat(copies: readonly Copy[], known: ReadonlyMap<string, string> = new Map()): (copy: Copy) => boolean {
  return ({ node, path }) => {
    const seat = known.get(node)
    if (seat !== undefined) return seat === volumeOf(path)
    const seats = new Set(copies.filter((one) => one.node === node && one.serving).map((one) => volumeOf(one.path)))
    return seats.size !== 1 || seats.has(volumeOf(path))
  }
}

/** A node may have a directory of the token in its trashcan and in `data/`, where it was copied by hand. */
function furthestOn(node: string, copies: readonly Copy[]): Copy | undefined {
  const own = copies.filter(
    (copy) => copy.node === node && copy.clusterId !== undefined && unfitAlone(copy) === undefined,
  )
  return own.sort((a, b) => (reach(b).index ?? -1) - (reach(a).index ?? -1))[0]
}

function toMember(copy: Copy, list: Copy): GenerationMember {
  const { node, path, memberId, member: name, peerUrls = [] } = copy
  if (memberId === undefined || name === undefined)
    throw refused(`the directory ${path} on ${node} does not say which member it is`)
  const learner = isOfLearner(copy, list) ? { isLearner: true } : {}
  return { node, path, base: volumeOf(path), memberId, name, peerUrls, ...learner }
}

function refused(why: string): RescueError {
  return new RescueError('PRECONDITION', `cannot return in place: ${why}`, { hint: NEXT_BEST })
}
