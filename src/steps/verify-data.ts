import { rm } from 'node:fs/promises'
import { RescueError } from '../errors/rescue-error.ts'
import type { EtcdClient, EtcdRelease } from '../ports/etcd.ts'
import { type Context, defineStep } from './define.ts'
import { downloadBackup } from './support/backup.ts'
import { type Comparison, compareClients } from './support/compare.ts'
import { holdsData } from './support/data-dir.ts'
import { removeFile } from './support/files.ts'
import { findRelease } from './support/members.ts'

/** etcd-manager puts one key a revision, from this one on (FACTS 4). */
const FIRST_REVISION = 2

type Ctx = Context<'backup' | 'expected' | 'restoredLive'>

/** Compares every key and value of the running cluster with the recovered copy, not only a count. */
export const verifyData = defineStep<'backup' | 'expected' | 'restoredLive', 'verified'>({
  id: 'verify-data',
  title: 'compare every key and value with the recovered copy',
  effect: 'read',
  needs: ['backup', 'expected', 'restoredLive'],
  gives: ['verified'],
  describe: () => ({ reads: ['every key and value of the running etcd, and of the trial restore'], changes: [] }),
  act: async (context) => {
    const comparison = await compare(context)
    const { keysExpected, keysFound, digestMatches, explained } = comparison
    for (const [why, count] of Object.entries(explained)) context.note(`${count} keys differ and may: ${why}`)
    if (!digestMatches) throw wrong(comparison)
    context.note(`${keysFound} of ${keysExpected} keys found with equal values; digests match`)
    return { verified: { keysExpected, keysFound, digestMatches, explained } }
  },
})

async function compare(context: Ctx): Promise<Comparison> {
  const { world, needs, signal, progress } = context
  const release = await findRelease(world, needs.expected.minor)
  const member = await world.etcd.start(release, await recoveredCopy(context, release), { signal })
  try {
    const live = await world.live.connect()
    try {
      const onKeys = (done: number) => progress('keys', done, needs.expected.keys, 'keys')
      const restoredRevision = needs.expected.keys + FIRST_REVISION - 1
      const liveRevision = await readable(live, restoredRevision)
      return await compareClients(member.client, live, { restoredRevision, liveRevision, signal, onKeys })
    } finally {
      await live.close()
    }
  } finally {
    await member.stop()
  }
}

/** The data directory of the trial restore; restored again when the scratch was emptied since, as by another machine. */
async function recoveredCopy({ world, needs, signal, note }: Ctx, release: EtcdRelease): Promise<string> {
  const { backup, expected } = needs
  if (await holdsData(expected.dataDir)) return expected.dataDir
  note(`the trial restore is no longer on this machine; ${backup.name} is restored again to compare with`)
  const file = await world.scratch.file('trial.db')
  const dataDir = world.scratch.peek('trial-again')
  await downloadBackup(world.store, backup.name, file, { signal })
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, file, dataDir, { signal })
  await removeFile(file)
  return dataDir
}

/**
 * The revision right after the restore, if the cluster still has it: read as of then, nothing that was written since
 * can differ. Undefined once it was compacted away, or when fewer keys were put than expected.
 */
async function readable(live: EtcdClient, revision: number): Promise<number | undefined> {
  try {
    await live.count({ prefix: '/registry/namespaces/', revision })
    return revision
  } catch {
    return undefined
  }
}

function wrong({ unexplained, unexplainedCount, keysExpected, keysFound }: Comparison): RescueError {
  const some = unexplained.slice(0, 5).map(({ key, what }) => `${JSON.stringify(key)} ${what}`)
  return new RescueError(
    'NOT_VERIFIED',
    `the running cluster is not the recovered copy: ${keysFound} of ${keysExpected} keys are right; ${unexplainedCount} differ: ${some.join(', ')}`,
    {
      hint: 'the backup and the trashed originals are untouched; compare again with: etcd-rescue runs resume',
    },
  )
}
