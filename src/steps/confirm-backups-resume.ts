import { defineStep } from './define.ts'
import { checkBackupStream } from './support/backup.ts'
import { backupsSince } from './support/new-backups.ts'

/** A database holds each key and value whole, so a snapshot with all of them is not smaller; a few may have been deleted. */
const SMALLEST_SHARE = 0.7

/** Backups of an empty cluster look like backups (FACTS 1): the newest one must be large enough for the recovered data. */
export const confirmBackupsResume = defineStep<'expected' | 'earlierBackups'>({
  id: 'confirm-backups-resume',
  title: 'confirm that etcd-manager takes backups again',
  effect: 'read',
  needs: ['expected', 'earlierBackups'],
  describe: () => ({
    reads: ['the backups that etcd-manager took since the recovery, the newest one whole'],
    changes: [],
  }),
  act: async ({ world, until, needs, note, signal }) => {
    const newest = await until({
      name: 'etcd-manager has taken a backup of the recovered cluster',
      timeoutMs: 120 * world.target.loopSeconds * 1000,
      everyMs: 500 * world.target.loopSeconds,
      fatal: ['BACKUP_INVALID'],
      look: async () => {
        const backup = (await backupsSince(world.store, needs.earlierBackups)).at(-1)
        if (!backup) return { done: false, last: 'no backup since the recovery' }
        const { bytes } = await checkBackupStream(world.store, backup.name, signal)
        // one that was begun before the recovery may end after it, and is of the cluster from before
        return bytes < needs.expected.dataBytes * SMALLEST_SHARE
          ? { done: false, last: small(backup.name, bytes, needs.expected.dataBytes) }
          : { done: true, value: { name: backup.name, bytes } }
      },
    })
    note(`newest backup ${newest.name} is whole: ${newest.bytes} bytes unpacked`)
    return {}
  },
})

const small = (name: string, bytes: number, dataBytes: number) =>
  `the newest backup ${name} unpacks to ${bytes} bytes, too few for ${dataBytes} bytes of keys and values`
