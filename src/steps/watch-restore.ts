import { RescueError } from '../errors/rescue-error.ts'
import type { Backup } from '../etcd-manager/backups.ts'
import { listCommands, type PendingCommand } from '../etcd-manager/commands.ts'
import { count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import type { LookedInto } from './support/backup-content.ts'
import { backupsSince } from './support/new-backups.ts'
import { type Outage, watchOutage } from './support/outage.ts'
import { type RestoreWatch, watchRestoreLog } from './support/restore-watch.ts'
import { backupReader, isTakenOf, memberIds } from './support/taken-of.ts'
import { countTokens } from './support/trash-count.ts'
import { withLogs } from './support/with-logs.ts'

type Ctx = Context<'command' | 'earlierBackups' | 'expected'>
interface Seen {
  restored: Facts['restoredLive']
  firstBackup: string
}

/** etcd-manager puts key by key: 750 to 1,000 a second (FACTS 4). Half of that is still waited for. */
const SLOWEST_KEYS_PER_SECOND = 350
/** etcd-manager puts one key a revision, from this one on (FACTS 4). */
const FIRST_REVISION = 2

/**
 * Proof that a restore finished: the command removed, port 4001 answering as another cluster at the revision that all keys
 * have brought it to, and a backup that was taken of this cluster. `restored N keys` in a log is no proof, and the first
 * backup after the command can be of the empty cluster (FACTS 4). Proof that it fails is its own error, again and again.
 */
export const watchRestore = defineStep<'command' | 'earlierBackups' | 'expected', 'restoredLive'>({
  id: 'watch-restore',
  title: 'wait until etcd-manager has restored the backup',
  effect: 'read',
  needs: ['command', 'earlierBackups', 'expected'],
  gives: ['restoredLive'],
  describe: () => ({
    reads: ["the command file, the backups, the trashcans, etcd-manager's logs, and the running etcd"],
    changes: [],
  }),
  act: async (context) => {
    const { until, world, note } = context
    const { requestedAt } = context.needs.command
    const trashedBefore = await context.once('trashedBefore', () => countTokens(world))
    const looks = {
      trashedBefore,
      outage: watchOutage(context),
      log: watchRestoreLog({ world, signal: context.signal, command: context.needs.command }),
      read: backupReader(context),
    }
    const waiting = until<Seen>({
      name: `etcd-manager has restored ${context.needs.command.backup}: command removed, new backup taken, etcd answering`,
      timeoutMs: deadline(context),
      everyMs: 200 * world.target.loopSeconds,
      fatal: ['BACKUP_INVALID', 'COMMAND_PENDING'],
      look: () => look(context, looks),
    })
    const { restored, firstBackup } = await withLogs(context, waiting)
    note(
      `restored after ${Math.round((world.clock.now().getTime() - requestedAt) / 1000)} s; first backup of the restored cluster: ${firstBackup}`,
    )
    return { restoredLive: restored }
  },
})

/** Sixty loops; in a drill, whose loops are short, at least five minutes: the machine is not faster for that. */
function deadline({ world, needs }: Ctx): number {
  return (Math.max(300, 60 * world.target.loopSeconds) + needs.expected.keys / SLOWEST_KEYS_PER_SECOND) * 1000
}

const GOING_ON = 'the data before was trashed, and the command is still there: the restore is going on'
const NOT_SEEN =
  'the command is still there, and nothing was trashed since this step began: it is being carried out, or no leader has read it (etcd-rescue restart etcd-manager)'

interface Looks {
  trashedBefore: Record<string, number>
  outage: Outage
  log: RestoreWatch
  read: (backup: Backup) => Promise<LookedInto>
}
type Look = { done: true; value: Seen } | { done: false; last: string }

async function look(context: Ctx, looks: Looks): Promise<Look> {
  const { world, needs } = context
  const command = (await listCommands(world.store)).find(({ key }) => key === needs.command.key)
  if (command) {
    if (command.backup !== undefined && command.backup !== needs.command.backup) throw replaced(command, needs)
    await looks.outage.look()
    const said = await looks.log.look()
    const state = (await trashedSince(world, looks.trashedBefore)) > 0 ? GOING_ON : NOT_SEEN
    return { done: false, last: said === '' ? state : `${state}; ${said}` }
  }
  const serving = await servingNow(context)
  const liveRevision = needs.expected.keys + FIRST_REVISION - 1
  if (serving.clusterId === needs.command.clusterIdBefore) {
    looks.outage.isServed()
    return { done: false, last: `the cluster from before (${serving.clusterId}) is still served` }
  }
  if (serving.revision < liveRevision) return { done: false, last: notAll(serving.revision, liveRevision) }
  const outageSeconds = await looks.outage.ended()
  const { complete, unread } = await backupsSince(world.store, needs.earlierBackups)
  const firstBackup = await firstOf(complete, serving.members, looks.read)
  if (firstBackup === undefined)
    return { done: false, last: [noBackup(complete), ...(unread === undefined ? [] : [unread])].join('; ') }
  const seconds = (world.clock.now().getTime() - needs.command.requestedAt) / 1000
  const restored = { clusterId: serving.clusterId, seconds, liveRevision, outageSeconds }
  return { done: true, value: { restored, firstBackup: firstBackup.name } }
}

/** Oldest first: the empty cluster's come before, and are small. */
async function firstOf(
  backups: readonly Backup[],
  members: ReadonlySet<string>,
  read: Looks['read'],
): Promise<Backup | undefined> {
  for (const backup of backups) if (isTakenOf(await read(backup), members)) return backup
  return undefined
}

/** Two commands of one second have one place, and `etcd-manager-ctl` writes over the first (FACTS 3). */
function replaced({ key, backup = '' }: PendingCommand, { command }: Ctx['needs']): RescueError {
  return new RescueError(
    'COMMAND_PENDING',
    `${key} no longer restores ${command.backup} but ${JSON.stringify(backup.slice(0, 100))}: somebody gave another command in the same second`,
    {
      hint: 'find out who; etcd-manager carries out the one that was there when its leader started, by its log. When it has ended: etcd-rescue recover',
    },
  )
}

const notAll = (revision: number, wanted: number) =>
  `the command is gone, and a cluster answers at revision ${count(revision)}, where all keys have brought it to ${count(wanted)} at least: it is an empty one, or the command was removed by somebody`

const noBackup = (others: readonly Backup[]) =>
  others.length === 0
    ? 'the command was removed; no new backup yet'
    : `the command was removed; no backup of the restored cluster yet (${others
        .slice(-3)
        .map(({ name }) => name)
        .join(', ')} of another cluster)`

async function servingNow({ world }: Ctx) {
  const client = await world.live.connect()
  try {
    await client.count({ prefix: '/registry/namespaces/' }) // linearizable: answers only with a quorum
    const { clusterId, revision } = await client.status()
    return { clusterId, revision, members: await memberIds(client) }
  } finally {
    await client.close()
  }
}

/** How many tokens were trashed since the step began, on the node with the most. Nothing is decided by it. */
async function trashedSince(world: Ctx['world'], before: Record<string, number>): Promise<number> {
  const now = await countTokens(world)
  return Math.max(0, ...Object.entries(now).map(([node, count]) => count - (before[node] ?? count)))
}
