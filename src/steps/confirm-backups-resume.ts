import { RescueError } from '../errors/rescue-error.ts'
import { bytes as sizeOf } from '../words/numbers.ts'
import { defineStep } from './define.ts'
import type { LookedInto } from './support/backup-content.ts'
import { backupsSince } from './support/new-backups.ts'
import { backupReader, isTakenOf, memberIds } from './support/taken-of.ts'
import { tellOfAway } from './support/tell-of-away.ts'

/** A database holds each key and value whole, so a snapshot with all of them is not smaller; a few may have been deleted. */
const SMALLEST_SHARE = 0.7

/**
 * Backups of an empty cluster look like backups (FACTS 1), and one that was begun before the recovery may end after it: the
 * newest must be of the members that run now, and large enough for the recovered data.
 */
export const confirmBackupsResume = defineStep<'expected' | 'earlierBackups'>({
  id: 'confirm-backups-resume',
  title: 'confirm that etcd-manager takes backups again',
  effect: 'read',
  needs: ['expected', 'earlierBackups'],
  describe: () => ({
    reads: ['the backups that etcd-manager took since the recovery, the newest one whole', 'the members that run now'],
    changes: [],
  }),
  act: async (context) => {
    const { world, until, needs, note } = context
    const read = backupReader(context)
    const newest = await until<{ name: string; bytes: number }>({
      name: 'etcd-manager has taken a backup of the recovered cluster',
      timeoutMs: 120 * world.target.loopSeconds * 1000,
      everyMs: 500 * world.target.loopSeconds,
      fatal: ['BACKUP_INVALID'],
      look: async () => {
        const { complete, unread } = await backupsSince(world.store, needs.earlierBackups)
        const backup = complete.at(-1)
        if (!backup) return { done: false, last: unread ?? 'no backup since the recovery' }
        const found = await read(backup)
        const { name } = backup
        const bytes = bytesOf(found)
        // one that was begun before the recovery may end after it, and is of the cluster from before
        if (!isTakenOf(found, await runningMembers(context)))
          return { done: false, last: `the newest backup ${name} is of another cluster than the one that runs` }
        return bytes < needs.expected.dataBytes * SMALLEST_SHARE
          ? { done: false, last: small(name, bytes, needs.expected.dataBytes) }
          : { done: true, value: { name, bytes } }
      },
    })
    note(`newest backup ${newest.name} is whole and of the cluster that runs: ${sizeOf(newest.bytes)} unpacked`)
    await tellOfAway(world, note)
    return {}
  },
})

async function runningMembers({ world }: { world: Parameters<typeof backupReader>[0]['world'] }): Promise<Set<string>> {
  const client = await world.live.connect()
  try {
    return await memberIds(client)
  } finally {
    await client.close()
  }
}

/** `BACKUP_INVALID` for one that etcd-manager could not restore. */
function bytesOf({ id, findings, unpackedBytes = 0 }: LookedInto): number {
  const refused = findings.find((finding) => finding.startsWith('unusable'))
  if (refused === undefined) return unpackedBytes
  throw new RescueError('BACKUP_INVALID', `the newest backup ${id} cannot be restored: ${refused}`, {
    hint: 'the cluster serves; find out why its backups are bad before you need one: etcd-rescue backup list',
  })
}

const small = (name: string, bytes: number, dataBytes: number) =>
  `the newest backup ${name} unpacks to ${bytes} bytes, too few for ${dataBytes} bytes of keys and values`
