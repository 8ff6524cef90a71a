import { RescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { backupsSince } from './support/new-backups.ts'
import { countTokens } from './support/trash-count.ts'
import { withLogs } from './support/with-logs.ts'

type Ctx = Context<'command' | 'earlierBackups' | 'expected'>
interface Seen {
  restored: Facts['restoredLive']
  firstBackup: string
}

/** etcd-manager puts key by key: 750 to 1,000 a second (FACTS 4). Half of that is still waited for. */
const SLOWEST_KEYS_PER_SECOND = 350
/** A restore that fails is begun again every 14 to 19 s, with one more trashed token each time (FACTS 4). */
const TOKENS_OF_A_LOOP = 3
/** etcd-manager puts one key a revision, from this one on (FACTS 4). */
const FIRST_REVISION = 2

/**
 * Proof that a restore finished: the command removed by etcd-manager, then a new backup, then port 4001 answering with
 * a new cluster id. `restored N keys` in a log is no proof (FACTS 4).
 */
export const watchRestore = defineStep<'command' | 'earlierBackups' | 'expected', 'restoredLive'>({
  id: 'watch-restore',
  title: 'wait until etcd-manager has restored the backup',
  effect: 'read',
  needs: ['command', 'earlierBackups', 'expected'],
  gives: ['restoredLive'],
  describe: () => ({ reads: ['the command file, the backups, the trashcans, and the running etcd'], changes: [] }),
  act: async (context) => {
    const { until, world, note } = context
    const { requestedAt } = context.needs.command
    const trashedBefore = await context.once('trashedBefore', () => countTokens(world))
    const waiting = until<Seen>({
      name: `etcd-manager has restored ${context.needs.command.backup}: command removed, new backup taken, etcd answering`,
      timeoutMs: deadline(context),
      everyMs: 200 * world.target.loopSeconds,
      fatal: ['BACKUP_INVALID'],
      look: () => look(context, trashedBefore),
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

type Look = { done: true; value: Seen } | { done: false; last: string }

async function look(context: Ctx, trashedBefore: Record<string, number>): Promise<Look> {
  const { world, needs } = context
  if (await world.store.head(needs.command.key)) {
    const more = await notLooping(context, trashedBefore)
    return { done: false, last: more > 0 ? GOING_ON : NOT_SEEN }
  }
  const [firstBackup] = await backupsSince(world.store, needs.earlierBackups)
  if (!firstBackup) return { done: false, last: 'the command was removed; no new backup yet' }
  const clusterId = await servingClusterId(context)
  if (clusterId === needs.command.clusterIdBefore)
    return { done: false, last: `the cluster from before (${clusterId}) is still served` }
  const seconds = (world.clock.now().getTime() - needs.command.requestedAt) / 1000
  const liveRevision = needs.expected.keys + FIRST_REVISION - 1
  return { done: true, value: { restored: { clusterId, seconds, liveRevision }, firstBackup: firstBackup.name } }
}

async function servingClusterId({ world }: Ctx): Promise<string> {
  const client = await world.live.connect()
  try {
    await client.count({ prefix: '/registry/namespaces/' }) // linearizable: answers only with a quorum
    return (await client.status()).clusterId
  } finally {
    await client.close()
  }
}

/** How many tokens were trashed since the step began, on the node with the most. `BACKUP_INVALID` for a loop. */
async function notLooping({ world, needs }: Ctx, before: Record<string, number>): Promise<number> {
  const now = await countTokens(world)
  const most = Math.max(0, ...Object.entries(now).map(([node, count]) => count - (before[node] ?? count)))
  if (most < TOKENS_OF_A_LOOP) return most
  throw new RescueError(
    'BACKUP_INVALID',
    `etcd-manager cannot restore ${needs.command.backup} and tries again and again: ${most} more trashed tokens`,
    {
      hint: `deleting the command does not stop it: remove ${needs.command.key}, then restart the leader (etcd-rescue restart etcd-manager); then read its log on the leader`,
    },
  )
}
