import { z } from 'zod'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import { count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy, Facts } from './facts.ts'
import { commonRevision, hashesOf, hashOrNone, memberHashes, oddByKeys } from './support/member-hashes.ts'
import { mustBeMovable } from './support/movable.ts'
import { namedNodes } from './support/named-nodes.ts'
import { ownToPutBack } from './support/own-directory.ts'
import { stateNodes } from './support/placement.ts'
import { rejoinCommand } from './support/rejoin-command.ts'
import { memberOf, seatFor } from './support/rejoin-seat.ts'
import { type Answer, askMember, type RunningCluster, runningWithout } from './support/running-without.ts'
import { findPlaces, type Place } from './support/seats.ts'
import { sayVolumeless } from './support/volumeless.ts'

const inputs = z.strictObject({
  /** The control-plane node that is to join. */
  node: z.string().min(1),
  /** `auto`: its own directory of the running cluster, where its log fits; `no`: empty, to be filled by its peers. */
  own: z.enum(['auto', 'no']).default('auto'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'copies', Inputs>

/**
 * A member that was away while its cluster was seeded, restored or returned to goes on with what its own `state` names, and
 * etcd-manager never takes it in: the list has its seat (FACTS 5). What did: its own directory back under another member's
 * `state`; or an empty seat, once the list has none for it.
 */
export const chooseRejoin = defineStep<'copies', 'generation' | 'placement', Inputs>({
  id: 'choose-rejoin',
  title: 'find out how this node can join the cluster that serves',
  effect: 'read',
  needs: ['copies'],
  gives: ['generation', 'placement'],
  inputs,
  describe: ({ node }) => ({
    reads: [
      `the members that serve beside ${node}, and the list that they have`,
      'state on every control-plane node; that each directory can be renamed',
      `the whole log of the directory on ${node} that is to be put back`,
    ],
    changes: [],
  }),
  act: async (context) => {
    const { world, needs, note, inputs } = context
    const [node = ''] = namedNodes(
      'node',
      inputs.node,
      world.target.nodes.controlPlane.map(({ name }) => name),
    )
    const running = await runningWithout(world, node)
    await mustBeOutside(context, node, running)
    const { places, volumeless } = await findPlaces(context, needs.copies)
    const place = places.find((one) => one.node === node)
    if (volumeless.includes(node)) throw noVolume(context, node)
    if (place === undefined) throw away(node)
    const { token, etcdVersion } = stateOf(places, running)
    const own = inputs.own === 'no' ? undefined : await ownToPutBack(context, place, running)
    const seat = seatFor(place, own, running)
    const others = places.filter((one) => one.node !== node)
    const members = stateNodes(others, running.members)
    const placement = { token, clusterId: running.clusterId, etcdVersion, members, seats: [seat] }
    await mustBeMovable(world, placement, context.runId)
    note(
      own === undefined
        ? `${node} gets an empty seat, and its peers send it their data`
        : `${node} gets its own directory of this cluster back (${own.path}), and its peers send it the rest`,
    )
    return { placement, generation: generationOf(node, token, running, own) }
  },
})

function generationOf(
  node: string,
  token: string,
  running: RunningCluster,
  own: Copy | undefined,
): Facts['generation'] {
  const { clusterId, members } = running
  const size = Math.max(1, members.length)
  return { token, clusterId, size, members: own ? [memberOf(own)] : [], missing: own ? [] : [node] }
}

/** One that has its part in the cluster is left alone, unless it is to be emptied, and its data are not the others'. */
async function mustBeOutside(context: Ctx, node: string, running: RunningCluster): Promise<void> {
  const { world, inputs, note } = context
  const { clusterId, answers } = running
  const own = await askMember(world, node).catch((error: unknown) => toRescueError(error))
  if (own instanceof RescueError) {
    note(`careful: ${node} does not answer, and counts as outside: ${own.message}. The others serve without it`)
    return
  }
  if (own.status.clusterId !== clusterId) return
  if (inputs.own !== 'no') throw isMember(world, node, clusterId, 'and serves')
  const why = await whyOdd(context, own, answers)
  if (why === undefined) throw isMember(world, node, clusterId, "serves, and its data are the others'")
  note(`${node} is a member, and ${why}`)
}

/** Against what all others hold. They were asked first: after its own linearizable read it has all that they had then. */
async function whyOdd(context: Ctx, own: Answer, answers: readonly Answer[]): Promise<string | undefined> {
  const { world } = context
  const { node } = own
  const revision = commonRevision(answers)
  await mustAgree(context, answers, { node, revision })
  // it lost writes, and perhaps what was compacted since: its hash cannot be compared
  if (own.status.revision < revision)
    return `stands at revision ${count(own.status.revision)} of ${count(revision)} after a linearizable read`
  const its = await hashOrNone(world, own, revision)
  if (its === undefined) {
    // what all have compacted meanwhile is no fault of this one
    if ((await hashesOf(world, answers, revision)).includes(undefined)) throw compacting(node)
    return `has compacted revision ${count(revision)}, which the others have not`
  }
  const differ = `its data at revision ${count(revision)} are not those that the others have`
  const theirs = (await hashesOf(world, answers, revision)).find((one) => one?.compactRevision === its.compactRevision)
  if (theirs !== undefined) return its.hash === theirs.hash ? undefined : differ
  const odd = await oddByKeys(context, node, answers, revision)
  if (odd === 'unknown') throw compacting(node)
  return odd === undefined ? undefined : differ
}

/** The others among themselves, or nobody knows which of them is right. */
async function mustAgree(
  context: Ctx,
  answers: readonly Answer[],
  { node, revision }: { node: string; revision: number },
) {
  const hashes = await memberHashes(context.world, answers, revision)
  const [first] = answers
  if (first === undefined) throw compacting(node)
  const odd =
    hashes === undefined
      ? await oddByKeys(context, first.node, answers.slice(1), revision)
      : hashes.find(({ hash }) => hash !== hashes[0]?.hash)
  if (odd === 'unknown') throw compacting(node)
  if (odd !== undefined) throw noMajority(first.node, odd.node, revision)
}

function isMember({ target }: Ctx['world'], node: string, clusterId: string, and: string): RescueError {
  return new RescueError('PRECONDITION', `${node} is a member of the cluster ${clusterId} already, ${and}`, {
    hint: `there is nothing to do; what each node runs: etcd-rescue scan; one whose data differ is filled anew with: ${rejoinCommand(node, target.etcdCluster, 'no')}`,
  })
}

/** Whoever leads would fill it, and nobody knows whether that is the right one. */
function noMajority(one: string, other: string, revision: number): RescueError {
  return new RescueError('PRECONDITION', `${one} and ${other} do not hold the same at revision ${count(revision)}`, {
    hint: 'nothing was changed; seed all members from the copy that is right: etcd-rescue recover --method seed-in-place --copy NODE:TOKEN',
  })
}

function compacting(node: string): RescueError {
  return new RescueError('PRECONDITION', `the data on ${node} could not be compared: a compaction is under way`, {
    hint: 'nothing was changed; type the same again',
  })
}

/** What etcd-manager starts on the nodes that serve: they must agree. */
function stateOf(places: readonly Place[], { answers }: RunningCluster): { token: string; etcdVersion: string } {
  const told = places.flatMap(({ node, state }) => {
    const token = state?.cluster?.token
    const isServing = answers.some((answer) => answer.node === node)
    return isServing && token ? [{ node, token, etcdVersion: state?.etcdVersion ?? '' }] : []
  })
  const [first] = told
  if (first !== undefined && told.every(({ token }) => token === first.token)) return first
  const said = told.map(({ node, token }) => `${node} ${token}`).join(', ') || 'none of them names one'
  throw new RescueError('PRECONDITION', `the nodes that serve do not name one token in their state: ${said}`, {
    hint: 'nothing was changed; see what each node runs: etcd-rescue scan',
  })
}

function noVolume({ world }: Ctx, node: string): RescueError {
  return new RescueError('PRECONDITION', sayVolumeless([node], world.target.etcdCluster), {
    hint: 'nothing was changed; attach its disk, or a new one, wait until its etcd-manager has mounted it, and type the same again',
  })
}

function away(node: string): RescueError {
  return new RescueError('HOST_UNREACHABLE', `${node} cannot be reached`, {
    hint: 'nothing was changed; start it, or check the way there, and type the same again',
  })
}
