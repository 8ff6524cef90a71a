import { rm } from 'node:fs/promises'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { EtcdClient, EtcdRelease } from '../ports/etcd.ts'
import { type Context, defineStep } from './define.ts'
import { downloadBackup } from './support/backup.ts'
import { type Comparison, compareClients } from './support/compare.ts'
import { holdsData } from './support/data-dir.ts'
import { removeFile } from './support/files.ts'
import { findRelease } from './support/members.ts'

type Ctx = Context<'expected' | 'restoredLive'>

/** Compares every key and value of the running cluster with the recovered copy, not only a count. */
export const verifyData = defineStep<'expected' | 'restoredLive', 'verified'>({
  id: 'verify-data',
  title: 'compare every key and value with the recovered copy',
  effect: 'read',
  needs: ['expected', 'restoredLive'],
  gives: ['verified'],
  settles: true,
  describe: () => ({
    reads: ['every key and value of the running etcd, and of the trial on this machine'],
    changes: [],
  }),
  act: async (context) => {
    const comparison = await patiently(context)
    const { keysExpected, keysFound, digestMatches, explained } = comparison
    for (const [why, count] of Object.entries(explained)) context.note(`${count} keys differ and may: ${why}`)
    if (!digestMatches) throw wrong(comparison)
    context.note(`${keysFound} of ${keysExpected} keys found with equal values; digests match`)
    return { verified: { keysExpected, keysFound, digestMatches, explained } }
  },
})

const TRIES = 4

/** After a start, and when the quarantine is lifted, members elect a leader anew, and a read in that moment fails. */
async function patiently(context: Ctx): Promise<Comparison> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await compare(context)
    } catch (error) {
      const { code, message } = toRescueError(error)
      const passing = code === 'ETCD_FAILED' || code === 'ETCD_UNREACHABLE'
      if (!passing || attempt === TRIES || context.signal.aborted) throw error
      context.note(`the comparison was interrupted (${message}) and begins again`)
      await context.world.clock.sleep(1000 * 2 ** attempt, context.signal)
    }
  }
}

async function compare(context: Ctx): Promise<Comparison> {
  const { world, needs, signal, progress } = context
  const { expected, restoredLive } = needs
  const release = await findRelease(world, expected.minor)
  const member = await world.etcd.start(release, await recoveredCopy(context, release), { signal })
  try {
    const live = await world.live.connect()
    try {
      return await compareClients(member.client, live, {
        restoredRevision: restoredLive.liveRevision,
        copyRevision: await readable(member.client, expected.revision),
        liveRevision: await readable(live, restoredLive.liveRevision),
        signal,
        onKeys: (done) => progress('keys', done, expected.keys, 'keys'),
      })
    } finally {
      await live.close()
    }
  } finally {
    await member.stop()
  }
}

/** The trial on this machine; made again from its backup when the scratch was emptied since, as by another machine. */
async function recoveredCopy({ world, needs, signal, note }: Ctx, release: EtcdRelease): Promise<string> {
  const { dataDir: made, backup } = needs.expected
  if (await holdsData(made)) return made
  if (backup === undefined) throw gone(made)
  note(`the trial restore is no longer on this machine; ${backup} is restored again to compare with`)
  const file = await world.scratch.file('trial.db')
  const dataDir = world.scratch.peek('trial-again')
  await downloadBackup(world.store, backup, file, { signal })
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, file, dataDir, { signal })
  await removeFile(file)
  return dataDir
}

/**
 * The revision, if this etcd still has it: read as of then, nothing that was written since can differ. Undefined once
 * it was compacted away, or when the cluster never came so far.
 */
async function readable(client: EtcdClient, revision: number): Promise<number | undefined> {
  try {
    await client.count({ prefix: '/registry/namespaces/', revision })
    return revision
  } catch {
    return undefined
  }
}

function gone(dir: string): RescueError {
  return new RescueError('LOCAL_FILE', `${dir}, which the cluster is to be compared with, is no longer there`, {
    hint: 'the recovery itself is done; compare with a copy that is still there: etcd-rescue scan, then etcd-rescue diff live NODE:TOKEN',
  })
}

function wrong({ unexplained, unexplainedCount, keysExpected, keysFound }: Comparison): RescueError {
  const some = unexplained.slice(0, 5).map(({ key, what }) => `${JSON.stringify(key)} ${what}`)
  return new RescueError(
    'NOT_VERIFIED',
    `the running cluster is not the recovered copy: ${keysFound} of ${keysExpected} keys are right; ${unexplainedCount} differ: ${some.join(', ')}`,
    {
      hint: 'the copy and the trashed originals are untouched; compare again with: etcd-rescue runs resume',
    },
  )
}
