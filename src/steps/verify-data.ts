import { rm } from 'node:fs/promises'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { EtcdClient, EtcdRelease } from '../ports/etcd.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import { downloadBackup } from './support/backup.ts'
import { type Comparison, compareClients } from './support/compare.ts'
import { type ComparedMember, compareMembers, mustAllHoldTheSame, nextForUnseen } from './support/compare-members.ts'
import { holdsData } from './support/data-dir.ts'
import { nothingExcused, ranOutMeanwhile, sinceThen } from './support/excuses.ts'
import { removeFile } from './support/files.ts'
import { findRelease } from './support/members.ts'
import { reachOf } from './support/readable.ts'
import { startCopy } from './support/start-copy.ts'

type Ctx = Context<'expected' | 'restoredLive'>

/** Compares every key and value of the running cluster with the recovered copy, not only a count. */
export const verifyData = defineStep<'expected' | 'restoredLive', 'verified' | 'members'>({
  id: 'verify-data',
  title: 'compare every key and value with the recovered copy',
  effect: 'read',
  needs: ['expected', 'restoredLive'],
  gives: ['verified', 'members'],
  settles: true,
  next: nextForUnseen,
  describe: () => ({
    reads: ['every key and value of the running etcd, and of the trial on this machine'],
    changes: [],
  }),
  act: async (context) => {
    const { comparison, members } = await patiently(context)
    const { keysExpected, keysFound, digestMatches, explained } = comparison
    for (const [why, keys] of Object.entries(explained))
      context.note(`${many(keys, 'key differs', 'keys differ')} and may: ${why}`)
    // nothing equals nothing, and proves nothing
    if (!digestMatches || keysExpected === 0) throw wrong(comparison)
    context.note(`${count(keysFound)} of ${many(keysExpected, 'key')} found with equal values; digests match`)
    return { verified: { keysExpected, keysFound, digestMatches, explained }, members }
  },
  verify: async ({ world }, { members }) =>
    mustAllHoldTheSame(members, {
      next: 'etcd-rescue runs resume',
      etcdCluster: world.target.etcdCluster,
      isProven: true,
    }),
})

interface Compared {
  comparison: Comparison
  members: ComparedMember[]
}

const TRIES = 4
const PASSING = new Set(['ETCD_FAILED', 'ETCD_UNREACHABLE', 'LEASES_EXPIRED'])

/**
 * After a start, and when the quarantine is lifted, members elect a leader anew, and a read in that moment fails. Leases that
 * ran out here take keys with them only after the revision of the copy that is compared.
 */
async function patiently(context: Ctx): Promise<Compared> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await compare(context)
    } catch (error) {
      const { code, message } = toRescueError(error)
      if (!PASSING.has(code) || attempt === TRIES || context.signal.aborted) throw error
      context.note(`the comparison was interrupted (${message}) and begins again`)
      await context.world.clock.sleep(1000 * 2 ** attempt, context.signal)
    }
  }
}

async function compare(context: Ctx): Promise<Compared> {
  const { world, needs, signal } = context
  const release = await findRelease(world, needs.expected.minor)
  const member = await startCopy(world, release, await recoveredCopy(context, release), { signal })
  try {
    const live = await world.live.connect()
    try {
      const comparison = await compareAt(context, member.client, live)
      const { revision } = await live.status()
      // a revision that is compacted no member has: then as they are now
      const { isCompacted } = await reachOf(live, needs.restoredLive.liveRevision)
      const at = isCompacted ? revision : Math.min(revision, needs.restoredLive.liveRevision)
      return { comparison, members: await compareMembers(context, live, at) }
    } finally {
      await live.close()
    }
  } finally {
    await member.stop()
  }
}

/**
 * The live cluster as of the revision at which it was recovered: nothing may differ then. Where a key that is gone by
 * itself was never put, the last revisions of that range are somebody's writes since, and it is compared without them.
 */
async function compareAt(context: Ctx, copy: EtcdClient, live: EtcdClient): Promise<Comparison> {
  const { world, needs, signal, progress, note } = context
  const { expected, restoredLive } = needs
  const strict =
    expected.backup === undefined ? nothingExcused : ranOutMeanwhile(lifeSeconds(world, restoredLive.seconds))
  const at = (liveRevision: number, excuse = strict) =>
    compareClients(copy, live, {
      ...{ copyRevision: expected.revision, liveRevision, excuse, signal },
      onKeys: (done) => progress('keys', done, expected.keys, 'keys'),
    })
  const wanted = restoredLive.liveRevision
  const { isCompacted, revision } = await reachOf(live, wanted)
  if (isCompacted) {
    note(
      `revision ${count(wanted)} of the running cluster is compacted: it is compared as it is now, at ${count(revision)}`,
    )
    return at(revision, sinceThen(wanted))
  }
  const top = Math.min(wanted, revision)
  const first = await at(top)
  const notPut = Object.values(first.explained).reduce((sum, count) => sum + count, 0)
  return first.unexplainedCount === 0 || wanted - notPut >= top ? first : at(wanted - notPut)
}

/** In a drill all is as much faster as etcd-manager's loop is shorter than 10 s, leases too. */
const lifeSeconds = ({ target }: Ctx['world'], seconds: number) => (seconds * 10) / target.loopSeconds

/** The trial on this machine; made again from its backup when the scratch was emptied since, as by another machine. */
async function recoveredCopy({ world, needs, signal, note }: Ctx, release: EtcdRelease): Promise<string> {
  const { dataDir: made, backup } = needs.expected
  if (await holdsData(made)) return made
  if (backup === undefined) throw gone(made)
  note(`the trial restore is no longer on this machine; ${backup} is restored again to compare with`)
  const file = await world.scratch.file('trial.db')
  const dataDir = world.scratch.peek('trial-again')
  await downloadBackup(world.store, backup, file, { scratch: world.scratch, signal })
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, file, dataDir, { signal })
  await removeFile(file)
  return dataDir
}

function gone(dir: string): RescueError {
  return new RescueError('LOCAL_FILE', `${dir}, which the cluster is to be compared with, is no longer there`, {
    hint: 'the recovery itself is done; compare with a copy that is still there: etcd-rescue scan, then etcd-rescue diff live NODE:TOKEN',
  })
}

function wrong({ unexplained, unexplainedCount, keysExpected, keysFound }: Comparison): RescueError {
  const some = unexplained.slice(0, 5).map(({ key, what }) => `${JSON.stringify(key)} ${what}`)
  const differ = unexplainedCount === 0 ? 'none of its keys is there' : `${unexplainedCount} differ: ${some.join(', ')}`
  return new RescueError(
    'NOT_VERIFIED',
    `the running cluster is not the recovered copy: ${count(keysFound)} of ${many(keysExpected, 'key')} are right; ${differ}`,
    {
      hint: 'the copy and the trashed originals are untouched; compare again with: etcd-rescue runs resume',
    },
  )
}
