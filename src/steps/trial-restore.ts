import { rm } from 'node:fs/promises'
import { digestClient } from '../digest/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { minorOf } from '../etcd-manager/versions.ts'
import { defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { downloadBackup } from './support/backup.ts'
import { removeFile } from './support/files.ts'
import { findRelease } from './support/members.ts'

/**
 * etcd-manager destroys the running cluster before it looks at the backup (FACTS 4), so this looks first: the very
 * object that it will read, restored as it will restore it, with the hash checked, and every key and value digested.
 */
export const trialRestore = defineStep<'backup', 'expected'>({
  id: 'trial-restore',
  title: 'restore the backup here, as etcd-manager will',
  effect: 'local',
  needs: ['backup'],
  gives: ['expected'],
  describe: () => ({
    reads: ['etcd.backup.gz, downloaded from the store'],
    changes: ['one scratch data directory on this machine; a local etcd serves it on a unix socket'],
  }),
  act: async ({ needs: { backup }, world, signal, progress, note }) => {
    const { scratch, etcd, store } = world
    const minor = minorOf(backup.etcdVersion)
    if (minor === undefined) throw noVersion(backup)
    const release = await findRelease(world, minor)
    const file = await scratch.file('trial.db')
    const dataDir = scratch.peek('trial')
    await downloadBackup(store, backup.name, file, { signal, onBytes: (total) => progress('download', total) })
    await rm(dataDir, { recursive: true, force: true })
    await etcd.restore(release, file, dataDir, { signal })
    await removeFile(file)
    const member = await etcd.start(release, dataDir, { signal })
    try {
      const { revision } = await member.client.status()
      const {
        keys,
        digest,
        bytes: dataBytes,
      } = await digestClient(member.client, {
        signal,
        onKeys: (done) => progress('keys', done, backup.keys, 'keys'),
      })
      if (backup.keys !== undefined && keys !== backup.keys) throw fewer(keys, backup.keys)
      note(`the backup ${backup.name} restores: ${keys} keys, revision ${revision}`)
      return { expected: { keys, digest, revision, dataDir, minor, dataBytes, backup: backup.name } }
    } finally {
      await member.stop()
    }
  },
})

function fewer(got: number, want: number): RescueError {
  return new RescueError(
    'BACKUP_INVALID',
    `the published backup restores to ${got} keys where the copy holds ${want}`,
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
