import { rm } from 'node:fs/promises'
import { digestClient } from '../digest/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { defineStep } from './define.ts'
import { downloadBackup } from './support/backup.ts'
import { removeFile } from './support/files.ts'
import { findRelease } from './support/members.ts'

/**
 * etcd-manager destroys the running cluster before it looks at the backup (FACTS 4), so this looks first: the very
 * object that it will read, restored as it will restore it, with the hash checked, and every key and value digested.
 */
export const trialRestore = defineStep<'backup' | 'restored', 'expected'>({
  id: 'trial-restore',
  title: 'restore the published backup here, as etcd-manager will',
  effect: 'local',
  needs: ['backup', 'restored'],
  gives: ['expected'],
  describe: () => ({
    reads: ['the published etcd.backup.gz, downloaded again'],
    changes: ['one scratch data directory on this machine; a local etcd serves it on a unix socket'],
  }),
  act: async ({ needs: { backup, restored }, world, signal, progress, note }) => {
    const { scratch, etcd, store } = world
    const release = await findRelease(world, restored.minor)
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
        onKeys: (done) => progress('keys', done, restored.keys, 'keys'),
      })
      if (keys !== restored.keys) throw fewer(keys, restored.keys)
      note(`the published backup restores: ${keys} keys, revision ${revision}`)
      return { expected: { keys, digest, revision, dataDir, minor: restored.minor, dataBytes, backup: backup.name } }
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
