import type { EtcdStatus } from '../../ports/etcd.ts'
import type { Copy, GenerationMember, Seat } from '../facts.ts'
import { volumeOf } from './copies.ts'
import { isUnusable, reach, unfitAlone } from './reach.ts'
import type { RunningCluster } from './running-without.ts'

interface Node {
  node: string
  base: string
  /** The member's name, where anything on the node tells. */
  name?: string | undefined
}

/**
 * Why a member's log is no earlier part of the running cluster's; undefined when it is, and its peers send it the rest. A log
 * of an older term loses against every leader of now; within the term of now there is one log only. What is not known
 * does not fit: a log that is ahead could take the lead and drop what was acknowledged.
 */
export function whyNotFit(copy: Copy, { raftTerm, raftIndex }: Pick<EtcdStatus, 'raftTerm' | 'raftIndex'>) {
  const unfit = unfitAlone(copy)
  if (unfit !== undefined) return unfit
  const { term, index } = reach(copy)
  if (copy.walTerm === undefined || term === undefined || index === undefined)
    return 'its log does not say how far it reaches'
  if (term > raftTerm) return `its log is of term ${term}, and the cluster's is ${raftTerm}`
  return term === raftTerm && index > raftIndex ? `its log reaches ${index}, and the cluster's ${raftIndex}` : undefined
}

/** The node's own directories of the running cluster on its volume, the one that reaches furthest first. Pure. */
export function ownDirectories(copies: readonly Copy[], { node, base }: Node, running: RunningCluster): Copy[] {
  const isListed = (copy: Copy) => running.members.some(({ id }) => id === copy.memberId)
  return copies
    .filter((copy) => copy.node === node && volumeOf(copy.path) === base && !isUnusable(copy))
    .filter((copy) => copy.clusterId === running.clusterId && isListed(copy))
    .sort((a, b) => (reach(b).index ?? -1) - (reach(a).index ?? -1))
}

/** The member that the list has for this node: by its name, else the only one that no other node answers for. Pure. */
export function listedMember({ name }: Node, { members, answers }: RunningCluster) {
  const open = members.filter(({ id }) => answers.every(({ status }) => status.memberId !== id))
  const named = open.find((member) => member.name === name)
  return named ?? (name === undefined && open.length === 1 ? open[0] : undefined)
}

/** Its own directory back, or an empty seat, whose old member may have to be removed. Pure. */
export function seatFor(place: Node, own: Copy | undefined, running: RunningCluster): Seat {
  const { node, base } = place
  const listed = listedMember(place, running)
  if (own !== undefined) return { node, base, name: own.member ?? place.name ?? node, source: own.path }
  const name = listed?.name || place.name || node
  return { node, base, name, ...(listed === undefined ? {} : { lostMemberId: listed.id }) }
}

/** As copy-aside knows the members of a generation. Pure. */
export function memberOf(own: Copy): GenerationMember {
  const { node, path, memberId = '', member = node, peerUrls = [] } = own
  return { node, path, base: volumeOf(path), memberId, name: member, peerUrls }
}
