import { RescueError } from '../errors/rescue-error.ts'
import { defineStep } from './define.ts'
import { checkBackupStream } from './support/backup.ts'
import { backupsSince } from './support/new-backups.ts'

/** Backups of an empty cluster look like backups (FACTS 1): the newest one must hold about as much as the recovered copy. */
const SMALLEST_SHARE = 0.2

export const confirmBackupsResume = defineStep<'backup' | 'command'>({
  id: 'confirm-backups-resume',
  title: 'confirm that etcd-manager takes backups again',
  effect: 'read',
  needs: ['backup', 'command'],
  describe: () => ({
    reads: ['the backups that etcd-manager took since the restore, the newest one whole'],
    changes: [],
  }),
  act: async ({ world, until, needs, note, signal }) => {
    const newest = await until({
      name: 'etcd-manager has taken a backup of the restored cluster',
      timeoutMs: 120 * world.target.loopSeconds * 1000,
      everyMs: 500 * world.target.loopSeconds,
      look: async () => {
        const backup = (await backupsSince(world.store, needs.command.backupsBefore)).at(-1)
        return backup ? { done: true, value: backup } : { done: false, last: 'no backup since the restore command' }
      },
    })
    const gzBytes = newest.gzBytes ?? 0
    if (gzBytes < needs.backup.bytes * SMALLEST_SHARE) throw small(newest.name, gzBytes, needs.backup.bytes)
    await checkBackupStream(world.store, newest.name, signal)
    note(`newest backup ${newest.name} is whole: ${gzBytes} bytes`)
    return {}
  },
})

function small(name: string, bytes: number, expected: number): RescueError {
  return new RescueError(
    'NOT_VERIFIED',
    `the newest backup ${name} has ${bytes} bytes where about ${expected} are expected`,
    {
      hint: `look into it with: etcd-rescue backup verify ${name}`,
    },
  )
}
