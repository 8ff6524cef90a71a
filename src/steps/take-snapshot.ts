import { stat } from 'node:fs/promises'
import { openFileSource, peekDb } from '../bolt/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import { followAhead } from './support/ahead.ts'
import { borrowMember, findRelease, returnMember } from './support/members.ts'
import { mustBeOfThisBoot, thisBoot } from './support/same-boot.ts'
import { claimDatabase, sealSnapshot } from './support/seal-snapshot.ts'

type Ctx = Context<'restored'>

/**
 * A proper snapshot carries its SHA-256, so etcd-manager restores it without a flag. It is the database file and its
 * digest (FACTS 2), and etcd has written all of it when it has ended: taking the file of the stopped member spares the
 * way through etcd's API, a second copy on the disk, and half of the time.
 */
export const takeSnapshot = defineStep<'restored', 'snapshot'>({
  id: 'take-snapshot',
  title: 'save a proper snapshot from the restored copy',
  effect: 'local',
  needs: ['restored'],
  gives: ['snapshot'],
  describe: () => ({
    reads: ['the database of the restored copy, after its local etcd has ended'],
    changes: ['the database becomes a snapshot file in the scratch: its SHA-256 is added to it'],
  }),
  check: (context) => mustBeOfThisBoot(context, context.needs.restored),
  act: async (context) => {
    const { world, signal, progress } = context
    const made = await thisBoot(world)
    const isDurable = made.boot === undefined
    const path = await world.scratch.file('snapshot.db')
    const claimed = await claimDatabase(context.needs.restored.dataDir, path, () => stopped(context), { isDurable })
    await checkRevision(context, claimed)
    const { size } = await stat(claimed)
    followAhead(world, claimed)
    const onBytes = (total: number) => progress('snapshot', total, size)
    return { snapshot: { path, ...(await sealSnapshot(claimed, path, { signal, onBytes, isDurable })), ...made } }
  },
})

/** Its etcd ended in order, so that nothing is only in its WAL any more. */
async function stopped({ needs: { restored }, world, signal }: Ctx): Promise<void> {
  const release = await findRelease(world, restored.minor)
  await borrowMember(world, release, restored.dataDir, signal)
  await returnMember(world, restored.dataDir)
}

/** An etcd that had to be killed leaves writes in its WAL. */
async function checkRevision({ needs: { restored }, runId }: Ctx, path: string): Promise<void> {
  const source = await openFileSource(path)
  try {
    const { revision, findings } = await peekDb(source)
    if (revision === restored.revision) return
    const found = revision ?? findings[0] ?? 'unknown'
    throw new RescueError(
      'ETCD_FAILED',
      `the database is at revision ${typeof found === 'number' ? count(found) : found} and not at ${count(restored.revision)}`,
      {
        hint: `the local etcd did not end in order; go back a step: etcd-rescue recover --run ${runId} --from restore-locally`,
      },
    )
  } finally {
    await source.close()
  }
}
