import { RescueError } from '../errors/rescue-error.ts'
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
      look: async () => {
        const backup = (await backupsSince(world.store, needs.earlierBackups)).at(-1)
        return backup ? { done: true, value: backup } : { done: false, last: 'no backup since the recovery' }
      },
    })
    const { bytes } = await checkBackupStream(world.store, newest.name, signal)
    const { dataBytes } = needs.expected
    if (bytes < dataBytes * SMALLEST_SHARE) throw small(newest.name, bytes, dataBytes)
    note(`newest backup ${newest.name} is whole: ${bytes} bytes unpacked`)
    return {}
  },
})

function small(name: string, bytes: number, dataBytes: number): RescueError {
  return new RescueError(
    'NOT_VERIFIED',
    `the newest backup ${name} unpacks to ${bytes} bytes, too few for ${dataBytes} bytes of keys and values`,
    {
      hint: `look into it with: etcd-rescue backup verify ${name}`,
    },
  )
}
