import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { readControl } from '../etcd-manager/control.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy, Facts } from './facts.ts'
import { chooseCopyOf } from './support/choose.ts'
import { formGeneration } from './support/generation.ts'
import { lostSpec } from './support/lost-spec.ts'
import { namedNodes } from './support/named-nodes.ts'
import { changedAddresses, seatsOf, stateNodes, versionFor } from './support/placement.ts'
import { bestCopy } from './support/rank.ts'
import { findPlaces, type Place } from './support/seats.ts'

const inputs = z.strictObject({
  /** A copy of the generation that is wanted, `NODE:TOKEN`, or `auto`. */
  copy: z.string().default('auto'),
  /** Names of nodes whose directory is not to be used, with commas between. */
  without: z.string().default(''),
  /** Nodes that cannot be reached and are surely off, with commas between; see stop-etcd-manager, which asks. */
  down: z.string().default(''),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'copies', Inputs>
type Gives = 'copy' | 'generation' | 'placement'

/**
 * The members of one incarnation of the cluster, put back as they were: ids, revisions, leases and all. Everything that
 * could keep them from starting is found out here, before anything is stopped (FACTS 5).
 */
export const chooseGeneration = defineStep<'copies', Gives, Inputs>({
  id: 'choose-generation',
  title: 'choose the generation to return to, and check that it can be',
  effect: 'read',
  needs: ['copies'],
  gives: ['copy', 'generation', 'placement'],
  inputs,
  describe: ({ copy }) => ({
    reads: [
      copy === 'auto' ? 'which token a quorum of members still has' : `the directories of the token of ${copy}`,
      'state and the etcd versions on every control-plane node; the cluster spec',
    ],
    changes: [],
  }),
  act: async (context) => {
    const { world, needs, inputs, note } = context
    const nodes = world.target.nodes.controlPlane.map(({ name }) => name)
    const without = namedNodes('without', inputs.without, nodes)
    const down = namedNodes('down', inputs.down, nodes)
    const chosen = await chooseCopyOf(context)
    const generation = formGeneration({ copies: needs.copies, copy: chosen, nodes, without })
    const placement = await place(context, chosen, generation)
    mustBeKnownDown(context, placement, down)
    const copy = furthest(needs.copies, generation) ?? chosen
    const { members, missing, size } = generation
    note(`returning to ${generation.token}: ${members.length} of ${size} members have their directory`)
    note(
      `comes back: everything that a quorum acknowledged, at its revision (${copy.revision} and what is only in the WAL), with its leases and member ids`,
    )
    if (missing.length > 0) note(`without a directory, to be filled by their peers: ${missing.join(', ')}`)
    return { copy, generation, placement }
  },
})

/** A node without a seat could not be reached. Whether it is down is asked before etcd stops: not by then, where nobody can. */
function mustBeKnownDown({ world }: Ctx, { seats }: Facts['placement'], down: readonly string[]): void {
  if (world.prompter.interactive) return
  const isSaid = (name: string) => down.includes(name) || seats.some(({ node }) => node === name)
  const unsaid = world.controlPlane.map(({ name }) => name).filter((name) => !isSaid(name))
  if (unsaid.length === 0) return
  throw new RescueError('ANSWER_MISSING', `${unsaid.join(', ')} cannot be reached, and nobody can be asked if down`, {
    hint: `nothing was changed; if surely down, say so in a new run: --set down=${unsaid.join(',')}`,
  })
}

/** The member whose log reaches furthest: the next leader, as raft chooses it. */
function furthest(copies: readonly Copy[], { members }: Facts['generation']): Copy | undefined {
  return bestCopy(copies.filter(({ node, path }) => members.some((one) => one.node === node && one.path === path)))
}

async function place(context: Ctx, copy: Copy, generation: Facts['generation']): Promise<Facts['placement']> {
  const places = await findPlaces(context, context.needs.copies)
  mustBeOnMounted(places, generation)
  const all = copy.memberList ?? []
  const members = stateNodes(places, all)
  const changed = changedAddresses(generation.members, members, generation.size)
  if (changed.length > 0)
    context.note(`peer addresses changed since; their peers will be told by etcd-manager: ${changed.join(', ')}`)
  const etcdVersion = versionFor(places, {
    dataVersion: copy.etcdVersion,
    specVersion: await specVersion(context, places, copy),
  })
  const { token, clusterId } = generation
  return { token, clusterId, etcdVersion, members, seats: seatsOf(generation, places, all) }
}

/** A volume that is attached and is not the one that etcd-manager runs on: what is put there it never starts. */
function mustBeOnMounted(places: readonly Place[], { members }: Facts['generation']): void {
  for (const { node, base } of members) {
    const place = places.find((one) => one.node === node)
    if (place === undefined || place.base === base) continue
    throw new RescueError(
      'PRECONDITION',
      `cannot return in place: on ${node} the directory is in ${base}, and etcd-manager runs on ${place.base}`,
      { hint: `leave it out, if the others are a quorum: --set without=${node}; or seed: --method seed-in-place` },
    )
  }
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
  return lost?.etcdVersion ?? running ?? copy.etcdVersion ?? ''
}
