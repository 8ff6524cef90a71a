import { RescueError } from '../../errors/rescue-error.ts'
import { startVersion } from '../../etcd-manager/start-version.ts'
import type { StateNode } from '../../etcd-manager/state-file.ts'
import type { Copy, Facts, GenerationMember } from '../facts.ts'
import { hasVote, quorumOf } from './quorum.ts'
import type { Place } from './seats.ts'

type Placement = Facts['placement']

/** What the cluster was made of, as a database says it. */
export type MemberList = NonNullable<Copy['memberList']>

const REBUILD = 'let etcd-manager restore it key by key: etcd-rescue recover --method rebuild-from-trashcan'

/**
 * The etcd that etcd-manager is to start on the data; what could not be told about it is noted. `VERSION_MISMATCH` with the
 * next best way when that etcd does not read the data.
 */
export function versionFor(
  places: readonly Place[],
  { dataVersion, specVersion }: { dataVersion: string | undefined; specVersion: string },
  note: (line: string) => void,
): string {
  const installed = places.map(({ node, installed: versions }) => ({ node, versions }))
  const answer = startVersion({ dataVersion, specVersion, installed })
  if (answer.ok) {
    for (const doubt of answer.doubts) note(`careful: ${doubt}`)
    return answer.version
  }
  throw new RescueError('VERSION_MISMATCH', `cannot be put in place: ${answer.why}`, { hint: REBUILD })
}

/**
 * The members as etcd-manager names them now, for those that the cluster will have: from the `state` of any node, else as
 * the database had them. Pure.
 */
export function stateNodes(places: readonly Place[], members: MemberList): StateNode[] {
  // each node's own entry first: the state of one that was away may be old
  const nodesOf = ({ state }: Place) => state?.cluster?.nodes ?? []
  const own = places.flatMap((place) => nodesOf(place).filter(({ name }) => name === place.name))
  const known = [...own, ...places.flatMap(nodesOf)]
  return members.map(({ name, peerUrls }) => known.find((node) => node.name === name) ?? asNode(name, peerUrls))
}

/** kOps' ports (FACTS 6); etcd-manager replaces the client URLs of a member by its own flags in any case. */
function asNode(name: string, peerUrls: string[]): StateNode {
  const withPort = (port: number) => peerUrls.map((url) => url.replace(/:\d+\/?$/, `:${port}`))
  return {
    name,
    peerUrls,
    clientUrls: withPort(4001),
    quarantinedClientUrls: withPort(3994),
    tlsEnabled: peerUrls.every((url) => url.startsWith('https:')),
  }
}

/**
 * An old member list is in the data, and only a quorum can change it: members whose peer URLs are others now can't find
 * each other. Names of those; `PRECONDITION` when too few are left. Pure.
 */
export function changedAddresses(
  members: readonly GenerationMember[],
  nodes: readonly StateNode[],
  size: number,
): string[] {
  const changed = members.filter(({ name, peerUrls }) => {
    const now = nodes.find((node) => node.name === name)
    return now !== undefined && !now.peerUrls.some((url) => peerUrls.includes(url))
  })
  if (members.filter((member) => hasVote(member) && !changed.includes(member)).length < quorumOf(size)) {
    const [one] = changed
    const now = nodes.find((node) => node.name === one?.name)?.peerUrls.join(', ')
    throw new RescueError(
      'PRECONDITION',
      `cannot return in place: the peer addresses changed since (${one?.name} was ${one?.peerUrls.join(', ')}, is ${now})`,
      { hint: 'seed all members with their new addresses: etcd-rescue recover --method seed-in-place' },
    )
  }
  return changed.map(({ name }) => name)
}

/** The seats of a generation: each member's own directory, and an empty one for who lost it. Pure. */
export function seatsOf(
  { members, missing }: Facts['generation'],
  places: readonly Place[],
  all: MemberList,
): Placement['seats'] {
  const lost = all.filter(({ id }) => members.every(({ memberId }) => memberId !== id))
  const own = members.map(({ node, base, name, path, ...member }) => ({
    ...{ node, base, name, source: path },
    ...(hasVote(member) ? {} : { isLearner: true }),
  }))
  const empty = places
    .filter(({ node }) => missing.includes(node))
    .map((place, _, others) => {
      const member =
        lost.find(({ name }) => name === place.name) ?? (others.length === 1 && lost.length === 1 ? lost[0] : undefined)
      const { node, base } = place
      return { node, base, name: member?.name ?? place.name ?? node, ...(member ? { lostMemberId: member.id } : {}) }
    })
  return [...own, ...empty]
}
