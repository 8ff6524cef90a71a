import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { findRelease } from './support/members.ts'
import { mustTakeSeeds } from './support/movable.ts'
import { namedNodes } from './support/named-nodes.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'
import { findPlaces } from './support/seats.ts'
import { mustSeatAll } from './support/seed-placement.ts'
import { tryRestore } from './support/trial.ts'
import { goOnWithoutVolume } from './support/without-volume.ts'

const inputs = z.strictObject({
  /** `auto`: beyond the highest revision that was ever seen; `off`; or a number to add. */
  bumpRevision: z.union([z.enum(['auto', 'off']), z.coerce.number().int().min(1).max(1e12)]).default('auto'),
  /** The volume that a node's etcd-manager uses, `NODE=/PATH` with commas between, where nothing tells. */
  seats: z.string().default(''),
  /** Nodes that have no volume and are gone on without, with commas between: said without being asked. */
  without: z.string().default(''),
})
type Inputs = z.infer<typeof inputs>
type Needs = 'copies' | 'restored' | 'snapshot'
type Gives = 'seed' | 'expected' | 'backwards'
type Ctx = Context<Needs, Inputs, 'unsearched'>

/** What etcd's own documentation of disaster recovery adds; API servers can't have seen that much more than the copies. */
const MARGIN = 1_000_000_000
/** What runs may itself have been seeded so, more than once, where nothing tells how far it is. */
const UNTOLD_MARGIN = 100 * MARGIN

/**
 * The trial of exactly the snapshot that all members will be restored from, with the same flags. The revision goes beyond
 * what any client has seen, and all before it is marked as compacted: a watch from before is told so, and never served a
 * lower revision (etcd-io/etcd 16028).
 */
export const prepareSeed = defineStep<Needs, Gives, Inputs, 'unsearched'>({
  id: 'prepare-seed',
  title: 'try the snapshot that the members will be seeded from',
  effect: 'local',
  needs: ['copies', 'restored', 'snapshot'],
  uses: ['unsearched'],
  gives: ['seed', 'expected', 'backwards'],
  inputs,
  describe: ({ bumpRevision }) => ({
    reads: [
      'the snapshot; the highest revision of all copies and of the running cluster',
      'that all nodes answer, and that each can take a seed: mounts, links, rights',
    ],
    changes: [`a trial restore in the scratch on this machine (revision bumped: ${bumpRevision})`],
  }),
  check: async (context) => {
    const { world, needs, inputs } = context
    await mustBeOfThisBoot(context, needs.snapshot)
    const release = await findRelease(world, needs.restored.minor)
    if (inputs.bumpRevision !== 'off' && !(await world.etcd.canBump(release))) throw tooOld(release.version)
    const { places, volumeless } = await findPlaces(context, needs.copies, inputs.seats)
    await mustSeatAll(world, { there: places.length, volumeless: volumeless.length })
    await mustTakeSeeds(world, places)
    const nodes = world.target.nodes.controlPlane.map(({ name }) => name)
    await goOnWithoutVolume(context, volumeless, namedNodes('without', inputs.without, nodes))
    await context.once('without', () => volumeless)
  },
  act: async (context) => {
    const { world, needs, note, once } = context
    const release = await findRelease(world, needs.restored.minor)
    const seen = await once('seen', () => highestSeen(context))
    const bumpedBy = await once('bump', () => bump(context, seen))
    const { snapshot, restored } = needs
    const options = bumpedBy === 0 ? {} : { bumpRevision: bumpedBy }
    const expected = await tryRestore(context, { release, file: snapshot.path, keys: restored.keys, options })
    if (expected.keys !== restored.keys) throw fewer(expected.keys, restored.keys)
    note(
      `the snapshot restores: ${many(expected.keys, 'key')}, revision ${count(expected.revision)} (${count(restored.revision)} + ${count(bumpedBy)})`,
    )
    if (bumpedBy === 0)
      note('the revision is not bumped: restart everything that watches (API servers, kubelets, operators)')
    const { revision } = expected
    return {
      expected,
      seed: { minor: restored.minor, revision, bumpedBy, ...without(context) },
      backwards: { isBackwards: isBackwards(revision, bumpedBy, seen), running: seen.revision, returned: revision },
    }
  },
})

/** Agreed on in the check, before anything is changed. */
function without({ recall }: Ctx): Pick<Facts['seed'], 'without'> {
  const nodes = recall('without') as string[] | undefined
  return nodes === undefined || nodes.length === 0 ? {} : { without: nodes }
}

interface Seen {
  revision: number
  /** False: the running cluster did not answer, and may stand higher than all copies. */
  isKnown: boolean
  /** It does not answer, and some copy could not be read or looked for: any of them may stand higher. Absent: no. */
  isUntold?: boolean
}

/** Without a bump nothing is marked as compacted either: who watches is not told to begin anew. */
function isBackwards(revision: number, bumpedBy: number, seen: Seen): boolean | 'unknown' {
  if (bumpedBy === 0 || revision <= seen.revision) return true
  return seen.isKnown || bumpedBy >= MARGIN ? false : 'unknown'
}

async function highestSeen({ world, needs: { copies, restored, unsearched = [] } }: Ctx): Promise<Seen> {
  const running = await runningRevision(world)
  const isKnown = running !== undefined
  const isUntold = !isKnown && (unsearched.length > 0 || copies.some(({ revision }) => revision === undefined))
  const copied = copies.map(({ revision = 0, walWrites = 0 }) => revision + walWrites)
  return { revision: Math.max(restored.revision, running ?? 0, ...copied), isKnown, isUntold }
}

function bump({ inputs, needs, note }: Ctx, { revision, isKnown, isUntold }: Seen): number {
  if (inputs.bumpRevision === 'off') return 0
  if (inputs.bumpRevision !== 'auto') return inputs.bumpRevision
  const silent = isKnown ? '' : ` (it does not answer${isUntold ? ', and not every copy was read' : ''})`
  const margin = isUntold ? UNTOLD_MARGIN : MARGIN
  note(
    `the highest revision seen in a copy or the running cluster${silent} is ${revision}; the new one begins ${margin} beyond it`,
  )
  return revision - needs.restored.revision + margin
}

/** Undefined when nothing answers. */
async function runningRevision(world: Ctx['world']): Promise<number | undefined> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      return (await client.status()).revision
    } finally {
      await client.close()
    }
  } catch {
    return undefined
  }
}

function tooOld(version: string): RescueError {
  return new RescueError('PRECONDITION', `etcd ${version} cannot restore with a higher revision`, {
    hint: 'bring a newer patch release with --etcd-bin-dir (3.4.28, 3.5.10 or later); or go without, and restart all that watches: --set bumpRevision=off',
  })
}

function fewer(got: number, want: number): RescueError {
  return new RescueError(
    'ETCD_FAILED',
    `the snapshot restores to ${many(got, 'key')} where the copy holds ${count(want)}`,
    {
      hint: 'the cluster was not touched; try the whole again with another copy: --copy NODE:TOKEN',
    },
  )
}
