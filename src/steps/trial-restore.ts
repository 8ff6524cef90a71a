import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { digestClient } from '../digest/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { minorOf } from '../etcd-manager/versions.ts'
import type { EtcdRelease } from '../ports/etcd.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { downloadBackup } from './support/backup.ts'
import { removeFile } from './support/files.ts'
import { onFreshCopy } from './support/fresh-copy.ts'
import { mustKnowLeader } from './support/leader.ts'
import { findRelease } from './support/members.ts'
import { checkQuorum, checkSeated } from './support/nodes-ready.ts'
import { agreeToDoubts, findRestorer, versionsInput } from './support/restorer.ts'
import { startCopy } from './support/start-copy.ts'
import { wantedMembers } from './support/wanted-members.ts'

const inputs = z.strictObject({ versions: versionsInput })
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'backup', Inputs>

const UNCHANGED = 'nothing was changed'

/**
 * etcd-manager destroys the running cluster before it looks at the backup (FACTS 4), so this looks first: the very
 * object that it will read, restored as it will restore it, with the hash checked, and every key and value digested.
 */
export const trialRestore = defineStep<'backup', 'expected', Inputs>({
  id: 'trial-restore',
  title: 'restore the backup here, as etcd-manager will',
  effect: 'local',
  needs: ['backup'],
  gives: ['expected'],
  inputs,
  describe: () => ({
    reads: [
      'which etcd etcd-manager restores it with, on every control-plane node',
      'that enough control-plane nodes answer, and have their volume',
      'myid on every control-plane node: which one leads, and so would read a command',
      'etcd.backup.gz, downloaded from the store',
    ],
    changes: ['one scratch data directory on this machine; a local etcd serves it on a unix socket'],
  }),
  // asked here as well: before the fence, as far as the spec is known by now
  check: async (context) => {
    const { world } = context
    const wanted = await wantedMembers(world)
    if (wanted !== undefined) await checkQuorum(world, wanted, UNCHANGED)
    const seated = await mustKnowLeader(context, UNCHANGED)
    if (wanted !== undefined) checkSeated(seated, wanted, UNCHANGED)
  },
  act: async (context) => {
    const { needs, world, signal, progress } = context
    const { backup } = needs
    const { scratch, store } = world
    const minor = minorOf(backup.etcdVersion)
    if (minor === undefined) throw noVersion(backup)
    const doubts = await askRestorer(context)
    const release = await findRelease(world, minor)
    const file = await scratch.file('trial.db')
    const onBytes = (total: number) => progress('download', total)
    await downloadBackup(store, backup.name, file, { scratch, signal, onBytes })
    try {
      return { expected: await onFreshCopy(() => tryOnce(context, { release, file, minor, doubts })) }
    } finally {
      await removeFile(file)
    }
  },
})

interface Trial {
  release: EtcdRelease
  file: string
  minor: string
  doubts: string[]
}

async function tryOnce(
  { needs, world, signal, progress, note }: Ctx,
  { release, file, minor, doubts }: Trial,
): Promise<Facts['expected']> {
  const { backup } = needs
  const dataDir = world.scratch.peek('trial')
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, file, dataDir, { signal })
  const member = await startCopy(world, release, dataDir, { signal })
  try {
    const { revision, dbSizeBytes, dbSizeInUseBytes } = await member.client.status()
    const {
      keys,
      digest,
      bytes: dataBytes,
    } = await digestClient(member.client, {
      signal,
      onKeys: (done) => progress('keys', done, backup.keys, 'keys'),
    })
    if (keys === 0) throw empty(backup)
    if (backup.keys !== undefined && keys !== backup.keys) throw fewer(keys, backup.keys)
    note(
      `the backup ${backup.name} restores with etcd ${release.version} here: ${many(keys, 'key')}, revision ${count(revision)}`,
    )
    const known = {
      size: { bytes: dbSizeBytes, inUseBytes: dbSizeInUseBytes },
      ...(doubts.length > 0 ? { doubts } : {}),
      ...(member.authWasOn ? { authOff: true } : {}),
    }
    return { keys, digest, revision, dataDir, minor, dataBytes, backup: backup.name, ...known }
  } finally {
    await member.stop()
  }
}

/** Before anything is stopped: what etcd-manager cannot restore is refused, and what is not known is agreed to. */
async function askRestorer(context: Ctx): Promise<string[]> {
  const { etcdVersion } = context.needs.backup
  const restorer = await findRestorer(context, etcdVersion)
  await agreeToDoubts(context, restorer.doubts, context.inputs.versions)
  for (const version of restorer.with)
    context.note(`etcd-manager restores a backup of etcd ${etcdVersion} with etcd ${version}`)
  return restorer.doubts
}

/** Nothing that runs is worth less than nothing. */
function empty({ name }: Facts['backup']): RescueError {
  return new RescueError('BACKUP_INVALID', `the backup ${name} restores, and holds no key`, {
    hint: 'the cluster was not touched; choose another backup: etcd-rescue backup list',
  })
}

function fewer(got: number, want: number): RescueError {
  return new RescueError(
    'BACKUP_INVALID',
    `the published backup restores to ${many(got, 'key')} where the copy holds ${count(want)}`,
    {
      hint: 'the cluster was not touched; resume the run to try again, or take the backup away: etcd-rescue runs show',
    },
  )
}

function noVersion({ name, etcdVersion }: Facts['backup']): RescueError {
  return new RescueError(
    'BACKUP_INVALID',
    `the backup ${name} says that it is of etcd ${JSON.stringify(etcdVersion)}`,
    {
      hint: 'etcd-manager would loop on it; choose another backup: etcd-rescue backup list',
    },
  )
}
