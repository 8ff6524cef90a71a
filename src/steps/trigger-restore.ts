import { RescueError } from '../errors/rescue-error.ts'
import { DATA_FILE, META_FILE } from '../etcd-manager/backups.ts'
import { commandKey } from '../etcd-manager/commands.ts'
import { judgeControl, readControl } from '../etcd-manager/control.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { checkManagers } from './support/containers.ts'
import { commandFor, giveRestoreCommand } from './support/give-command.ts'
import { backupsSince, ownBackupNames } from './support/new-backups.ts'
import { checkQuorum, checkVersions } from './support/nodes-ready.ts'

type Ctx = Context<'backup' | 'expected' | 'control' | 'saved'>

/**
 * The point of no return. etcd-manager stops the running cluster before it reads the backup (FACTS 4), so everything
 * that could stop a restore is looked at here first, and the command file is the last thing to be written.
 */
export const triggerRestore = defineStep<'backup' | 'expected' | 'control' | 'saved', 'command' | 'earlierBackups'>({
  id: 'trigger-restore',
  title: 'give etcd-manager the restore command',
  effect: 'irreversible',
  needs: ['backup', 'expected', 'control', 'saved'],
  gives: ['command', 'earlierBackups'],
  describe: () => ({
    reads: [
      'control files',
      'pending commands',
      'that enough control-plane nodes answer',
      'etcd-manager and etcd versions on the nodes',
    ],
    changes: [
      'control/<time>-000000/_command.json: the running etcd data goes to data-trashcan/ at the next leader start',
    ],
  }),
  check: async (context) => {
    const { world, needs } = context
    const files = await readControl(world.store)
    const { verdict, explain } = judgeControl(files)
    if (verdict !== 'normal') throw new RescueError('CONTROL_FILES', explain, { hint: 'etcd-rescue control show' })
    const other = files.commands.find(({ backup }) => backup !== needs.backup.name)
    if (other) throw pending(other.key)
    await mustBePublished(context)
    await checkQuorum(world, needs.control.memberCount)
    for (const why of await checkManagers(world)) context.note(`goes on without ${why}`)
    await checkVersions(context, needs.backup.etcdVersion)
  },
  /**
   * The command file stays until the restore is complete (FACTS 4), so while it is there the command was given. Once it
   * is gone, a new cluster id tells: etcd-manager makes a new cluster for every restore.
   */
  happened: async (context) => {
    const key = await commandFor(context.world.store, context.needs.backup.name)
    if (key) return facts(context, key)
    if (context.recall('writing') !== true) return undefined
    return (await wasRestored(context)) ? facts(context, commandKey(new Date(await requestedAt(context)))) : undefined
  },
  act: async (context) => {
    const { world, needs, note, once } = context
    await clusterIdBefore(context)
    await backupsBefore(context)
    const now = new Date(await requestedAt(context))
    await once('writing', () => true)
    const key = await giveRestoreCommand(world, { backup: needs.backup.name, clusterSpec: needs.control, now })
    note(`etcd-manager's leader restores ${needs.backup.name} at its next start`)
    return facts(context, key)
  },
})

/** What the trial restore read must still be what etcd-manager will read. */
async function mustBePublished({ world: { store }, needs: { backup } }: Ctx): Promise<void> {
  const data = await store.head(`${backup.name}/${DATA_FILE}`)
  if (!data || !(await store.head(`${backup.name}/${META_FILE}`))) throw vanished(backup.name)
  if (data.size !== backup.bytes) throw replaced(backup.name, data.size, backup.bytes)
}

const requestedAt = ({ once, world }: Ctx) => once('requestedAt', () => world.clock.now().getTime())
const backupsBefore = ({ once, world }: Ctx) => once('backupsBefore', () => ownBackupNames(world.store))
const clusterIdBefore = (context: Ctx) => context.once('clusterIdBefore', () => context.needs.saved.clusterId ?? null)

/** The command is gone and an earlier attempt was about to write it: has the cluster been replaced since? */
async function wasRestored(context: Ctx): Promise<boolean> {
  const before = await clusterIdBefore(context)
  if (before === null) return (await backupsSince(context.world.store, await backupsBefore(context))).length > 0
  return (await clusterIdNow(context)) !== before
}

/** Port 4001 answers some seconds after the command is removed, so this waits; not knowing is an error, not a guess. */
function clusterIdNow({ until, world }: Ctx): Promise<string> {
  return until({
    name: 'the running etcd says which cluster it is, to find out whether the restore command ran',
    timeoutMs: 12 * world.target.loopSeconds * 1000,
    look: async () => {
      const client = await world.live.connect()
      try {
        return { done: true, value: (await client.status()).clusterId }
      } finally {
        await client.close()
      }
    },
  })
}

async function facts(context: Ctx, key: string): Promise<Pick<Facts, 'command' | 'earlierBackups'>> {
  const before = await clusterIdBefore(context)
  const earlierBackups = await backupsBefore(context)
  return {
    earlierBackups,
    command: {
      key,
      backup: context.needs.backup.name,
      requestedAt: await requestedAt(context),
      ...(before ? { clusterIdBefore: before } : {}),
    },
  }
}

function pending(key: string): RescueError {
  return new RescueError('COMMAND_PENDING', `another etcd-manager command is waiting: ${key}`, {
    hint: 'every pending command runs at the next leader start, oldest first; look with: etcd-rescue control show, and remove what is not wanted',
  })
}

function vanished(name: string): RescueError {
  return new RescueError('OBJECT_MISSING', `the backup ${name} is no longer in the store`, {
    hint: 'a restore would now destroy the running cluster and loop; start again with: etcd-rescue recover',
  })
}

function replaced(name: string, got: number, want: number): RescueError {
  return new RescueError(
    'STORE_CORRUPT',
    `the backup ${name} has ${got} bytes where ${want} were published and tried`,
    {
      hint: 'someone wrote over it since the trial restore; start again with: etcd-rescue recover',
    },
  )
}
