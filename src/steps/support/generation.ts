import { RescueError } from '../../errors/rescue-error.ts'
import type { Copy, Facts, GenerationMember } from '../facts.ts'
import { volumeOf } from './copies.ts'
import { isUnusable, reach } from './rank.ts'

type Generation = Facts['generation']

interface Chosen {
  copies: readonly Copy[]
  /** Its token is the generation's. */
  copy: Copy
  /** Names of the control-plane nodes of the config. */
  nodes: readonly string[]
  /** Nodes whose directory is not to be used. */
  without: readonly string[]
}

interface Found {
  size: number
  /** Directories of the token. */
  same: readonly Copy[]
  without: readonly string[]
}

export const quorumOf = (members: number): number => Math.floor(members / 2) + 1

const NEXT_BEST = 'seed all members from the best copy in place of it: etcd-rescue recover --method seed-in-place'

/**
 * The directories of one token, one a node. Pure. `PRECONDITION` with the next best way when they are no quorum of the
 * cluster that they name, disagree on the cluster's id, or are twice the same member.
 */
export function formGeneration({ copies, copy, nodes, without }: Chosen): Generation {
  const { token, clusterId } = copy
  if (clusterId === undefined)
    throw refused(`the copy ${copy.id} has no WAL that names its cluster, so it can only be a seed`)
  const size = copy.members?.length ?? 0
  if (size === 0) throw refused(`the copy ${copy.id} does not say which members its cluster had`)
  // an etcd-manager that nobody stops would go on with the empty cluster, and perhaps lead
  if (nodes.length < size)
    throw refused(`the cluster had ${size} members, and the config names only ${nodes.length} control-plane nodes`)
  const same = copies.filter((other) => other.token === token && !other.serving && !isUnusable(other))
  const other = same.find((one) => one.clusterId !== undefined && one.clusterId !== clusterId)
  if (other) {
    throw refused(
      `the directories of ${token} are of different clusters: ${clusterId} on ${copy.node}, ${other.clusterId} on ${other.node}`,
    )
  }
  const members = nodes.flatMap((node) => {
    const found = without.includes(node) ? undefined : furthestOn(node, same)
    return found ? [toMember(found)] : []
  })
  const twice = members.find(({ memberId }, at) => members.findIndex((one) => one.memberId === memberId) !== at)
  if (twice) throw refused(`two directories are of the same member ${twice.name}: one was copied from the other`)
  if (members.length < quorumOf(size)) throw refused(tooFew(members, { size, same, without }))
  const missing = nodes.filter((node) => members.every((member) => member.node !== node))
  return { token, clusterId, size, members, missing }
}

/** Also says why a directory that is there does not count: who sees it in the table would look for long. */
function tooFew(members: readonly GenerationMember[], { size, same, without }: Found): string {
  const there = members.map(({ node }) => node)
  const leftOut = same
    .filter(({ node }) => without.includes(node))
    .map(({ node }) => `${node} is left out, as you said`)
  const noWal = same
    .filter(({ node, clusterId }) => clusterId === undefined && !there.includes(node))
    .map(({ node }) => `the one on ${node} has no WAL that names its cluster`)
  const on = there.length === 0 ? '' : ` (on ${there.join(', ')})`
  const has = there.length === 1 ? 'has' : 'have'
  const first = `${there.length} of ${size} members ${has} a usable directory${on}, and ${quorumOf(size)} are needed`
  return [first, ...new Set([...leftOut, ...noWal])].join('; ')
}

/** A node may have a directory of the token in its trashcan and in `data/`, where it was copied by hand. */
function furthestOn(node: string, copies: readonly Copy[]): Copy | undefined {
  const own = copies.filter((copy) => copy.node === node && copy.clusterId !== undefined)
  return own.sort((a, b) => (reach(b).index ?? -1) - (reach(a).index ?? -1))[0]
}

function toMember(copy: Copy): GenerationMember {
  const { node, path, memberId, member: name, peerUrls = [] } = copy
  if (memberId === undefined || name === undefined)
    throw refused(`the directory ${path} on ${node} does not say which member it is`)
  return { node, path, base: volumeOf(path), memberId, name, peerUrls }
}

function refused(why: string): RescueError {
  return new RescueError('PRECONDITION', `cannot return in place: ${why}`, { hint: NEXT_BEST })
}
