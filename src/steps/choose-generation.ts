import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { readControl } from '../etcd-manager/control.ts'
import { count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy, Facts } from './facts.ts'
import { type Backwards, compareRevisions, sayBackwards } from './support/backwards.ts'
import { chooseCopyOf } from './support/choose.ts'
import { formGeneration } from './support/generation.ts'
import { lostSpec } from './support/lost-spec.ts'
import { mustBeMovable } from './support/movable.ts'
import { namedNodes } from './support/named-nodes.ts'
import { mustHaveEtcd } from './support/needed-etcd.ts'
import { changedAddresses, seatsOf, stateNodes, versionFor } from './support/placement.ts'
import { hasVote } from './support/quorum.ts'
import { rankCopies } from './support/rank.ts'
import { mustHaveRoom, roomToReturn } from './support/room.ts'
import { findPlaces, type Place } from './support/seats.ts'
import { type Survey, survey } from './support/survey.ts'
import { mustBeVerifiable } from './support/verifiable.ts'
import { goOnWithoutVolume } from './support/without-volume.ts'

const inputs = z.strictObject({
  /** A copy of the generation that is wanted, `NODE:TOKEN`, or `auto`. */
  copy: z.string().default('auto'),
  /** Nodes whose directory is not to be used, or that have no volume and are gone on without, with commas between. */
  without: z.string().default(''),
  /** Nodes that cannot be reached and are surely off, with commas between; see stop-etcd-manager, which asks. */
  down: z.string().default(''),
  /** The volume that a node's etcd-manager uses, `NODE=/PATH` with commas between, where nothing tells. */
  seats: z.string().default(''),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'copies', Inputs, 'unsearched'>
type Gives = 'copy' | 'generation' | 'placement' | 'backwards'

/**
 * The members of one incarnation of the cluster, put back as they were: ids, revisions, leases and all. Everything that
 * could keep them from starting is found out here, before anything is stopped (FACTS 5).
 */
export const chooseGeneration = defineStep<'copies', Gives, Inputs, 'unsearched'>({
  id: 'choose-generation',
  title: 'choose the generation to return to, and check that it can be',
  effect: 'read',
  needs: ['copies'],
  uses: ['unsearched'],
  gives: ['copy', 'generation', 'placement', 'backwards'],
  inputs,
  describe: ({ copy }) => ({
    reads: [
      copy === 'auto' ? 'which token a quorum of members still has' : `the directories of the token of ${copy}`,
      'state and the etcd versions on every control-plane node; the cluster spec',
      'that each directory can be renamed there: mounts, links, rights, room',
    ],
    changes: [],
  }),
  check: mustBeVerifiable,
  act: async (context) => {
    const { world, needs, inputs, note } = context
    const nodes = world.target.nodes.controlPlane.map(({ name }) => name)
    const without = namedNodes('without', inputs.without, nodes)
    const down = namedNodes('down', inputs.down, nodes)
    const found = await survey(world, needs.copies)
    const chosen = await chooseCopyOf(context, found, 'generation')
    const { places, volumeless } = await findPlaces(context, needs.copies, inputs.seats)
    const seats = new Map(places.map((one) => [one.node, one.base]))
    const { running } = found
    const generation = formGeneration({ copies: needs.copies, copy: chosen, nodes, without, running, seats })
    const placement = await place(context, chosen, generation, places)
    mustBeKnownDown(context, placement, [...down, ...volumeless])
    await goOnWithoutVolume(context, volumeless, without)
    await mustBeMovable(world, placement, context.runId)
    const own = directoriesOf(generation, needs.copies)
    const [copy = chosen] = rankCopies(own, found.running)
    await mustHaveEtcd(context, copy.etcdVersion)
    await mustHaveRoom(world, roomToReturn(copy))
    const backwards = compare(context, generation, own, found)
    const { members, missing, size } = generation
    const learners = members.filter((member) => !hasVote(member))
    note(
      `returning to ${generation.token}: ${members.length - learners.length} of ${size} members have their directory`,
    )
    for (const { name, node } of learners)
      note(`${name} on ${node} is a learner: it is put back as one, and counts in no quorum until it is promoted`)
    note(
      `comes back: everything that a quorum acknowledged, at its revision (${copy.revision === undefined ? 'not known' : count(copy.revision)} and what is only in the WAL), with its leases and member ids`,
    )
    const toFill = missing.filter((node) => !volumeless.includes(node))
    if (toFill.length > 0) note(`without a directory, to be filled by their peers: ${toFill.join(', ')}`)
    const careful = sayBackwards(backwards)
    if (careful !== undefined) note(`careful: ${careful}`)
    return { copy, generation, placement, backwards }
  },
})

/** Any other node without a seat could not be reached. Whether it is down is asked before etcd stops: not by then, where nobody can. */
function mustBeKnownDown({ world }: Ctx, { seats }: Facts['placement'], known: readonly string[]): void {
  if (world.prompter.interactive) return
  const isSaid = (name: string) => known.includes(name) || seats.some(({ node }) => node === name)
  const unsaid = world.controlPlane.map(({ name }) => name).filter((name) => !isSaid(name))
  if (unsaid.length === 0) return
  throw new RescueError('ANSWER_MISSING', `${unsaid.join(', ')} cannot be reached, and nobody can be asked if down`, {
    hint: `nothing was changed; if surely down, say so in a new run: --set down=${unsaid.join(',')}`,
  })
}

const directoriesOf = ({ members }: Facts['generation'], copies: readonly Copy[]) =>
  copies.filter(({ node, path }) => members.some((one) => one.node === node && one.path === path))

function compare(
  { needs }: Ctx,
  { size }: Facts['generation'],
  members: readonly Copy[],
  { running, live }: Survey,
): Backwards {
  // a journal from before it was asked for does not tell, and that is no yes
  const isAllSearched = needs.unsearched?.length === 0
  return compareRevisions({ copies: needs.copies, members, size, running, live, isAllSearched })
}

async function place(
  context: Ctx,
  copy: Copy,
  generation: Facts['generation'],
  places: readonly Place[],
): Promise<Facts['placement']> {
  const all = copy.memberList ?? []
  const members = stateNodes(places, all)
  const changed = changedAddresses(generation.members, members, generation.size)
  if (changed.length > 0)
    context.note(`peer addresses changed since; their peers will be told by etcd-manager: ${changed.join(', ')}`)
  const wanted = await specVersion(context, places, copy)
  const etcdVersion = versionFor(places, { dataVersion: copy.etcdVersion, specVersion: wanted }, context.note)
  const { token, clusterId } = generation
  return { token, clusterId, etcdVersion, members, seats: seatsOf(generation, places, all) }
}

/** What etcd-manager will want to run: the spec, or what a lost one must have been. */
export async function specVersion(
  { world }: Pick<Ctx, 'world'>,
  places: readonly Place[],
  copy: Copy,
): Promise<string> {
  const { spec } = await readControl(world.store)
  if (spec.value) return spec.value.etcdVersion
  // in the order of check-control-files, which writes it later
  const lost = await lostSpec(world)
  const running = places.map(({ state }) => state?.etcdVersion).find((version) => version)
  const told = lost.is === 'seen' ? lost.value.etcdVersion : running
  if (told !== undefined || lost.is !== 'unseen') return told ?? copy.etcdVersion ?? ''
  throw new RescueError('CONTROL_FILES', `nothing says which etcd the cluster runs: ${lost.why}`, {
    hint: 'nothing was changed; mend what it says and begin again, or write the spec as kOps does: etcd-rescue control show',
  })
}
