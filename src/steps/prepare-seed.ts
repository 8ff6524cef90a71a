import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import { findRelease } from './support/members.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'
import { tryRestore } from './support/trial.ts'

const inputs = z.strictObject({
  /** `auto`: beyond the highest revision that was ever seen; `off`; or a number to add. */
  bumpRevision: z.union([z.enum(['auto', 'off']), z.coerce.number().int().min(1).max(1e12)]).default('auto'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'copies' | 'restored' | 'snapshot', Inputs>

/** What etcd's own documentation of disaster recovery adds; API servers can't have seen that much more than the copies. */
const MARGIN = 1_000_000_000

/**
 * The trial of exactly the snapshot that all members will be restored from, with the same flags. The revision goes beyond
 * what any client has seen, and all before it is marked as compacted: a watch from before is told so, and never served a
 * lower revision (etcd-io/etcd 16028).
 */
export const prepareSeed = defineStep<'copies' | 'restored' | 'snapshot', 'seed' | 'expected', Inputs>({
  id: 'prepare-seed',
  title: 'try the snapshot that the members will be seeded from',
  effect: 'local',
  needs: ['copies', 'restored', 'snapshot'],
  gives: ['seed', 'expected'],
  inputs,
  describe: ({ bumpRevision }) => ({
    reads: ['the snapshot; the highest revision of all copies and of the running cluster'],
    changes: [`a trial restore in the scratch on this machine (revision bumped: ${bumpRevision})`],
  }),
  check: async (context) => {
    const { world, needs, inputs } = context
    await mustBeOfThisBoot(context, needs.snapshot)
    const release = await findRelease(world, needs.restored.minor)
    if (inputs.bumpRevision !== 'off' && !(await world.etcd.canBump(release))) throw tooOld(release.version)
  },
  act: async (context) => {
    const { world, needs, note, once } = context
    const release = await findRelease(world, needs.restored.minor)
    const bumpedBy = await once('bump', () => bump(context))
    const { snapshot, restored } = needs
    const options = bumpedBy === 0 ? {} : { bumpRevision: bumpedBy }
    const expected = await tryRestore(context, { release, file: snapshot.path, keys: restored.keys, options })
    if (expected.keys !== restored.keys) throw fewer(expected.keys, restored.keys)
    note(
      `the snapshot restores: ${expected.keys} keys, revision ${expected.revision} (${restored.revision} + ${bumpedBy})`,
    )
    if (bumpedBy === 0)
      note('the revision is not bumped: restart everything that watches (API servers, kubelets, operators)')
    return { expected, seed: { minor: restored.minor, revision: expected.revision, bumpedBy } }
  },
})

async function bump({ world, inputs, needs, note }: Ctx): Promise<number> {
  if (inputs.bumpRevision === 'off') return 0
  if (inputs.bumpRevision !== 'auto') return inputs.bumpRevision
  const { copies, restored } = needs
  const seen = copies.map(({ revision = 0, walWrites = 0 }) => revision + walWrites)
  const highest = Math.max(restored.revision, await runningRevision(world), ...seen)
  note(
    `the highest revision seen in a copy or the running cluster is ${highest}; the new one begins ${MARGIN} beyond it`,
  )
  return highest - restored.revision + MARGIN
}

/** 0 when nothing answers: then no client has been served by it either, or its copies were looked at. */
async function runningRevision(world: Ctx['world']): Promise<number> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      return (await client.status()).revision
    } finally {
      await client.close()
    }
  } catch {
    return 0
  }
}

function tooOld(version: string): RescueError {
  return new RescueError('PRECONDITION', `etcd ${version} cannot restore with a higher revision`, {
    hint: 'bring a newer patch release with --etcd-bin-dir (3.4.28, 3.5.10 or later); or go without, and restart all that watches: --set bumpRevision=off',
  })
}

function fewer(got: number, want: number): RescueError {
  return new RescueError('ETCD_FAILED', `the snapshot restores to ${got} keys where the copy holds ${want}`, {
    hint: 'the cluster was not touched; try the whole again with another copy: --copy NODE:TOKEN',
  })
}
