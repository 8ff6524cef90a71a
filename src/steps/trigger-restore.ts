import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { DATA_FILE, META_FILE } from '../etcd-manager/backups.ts'
import { commandKey } from '../etcd-manager/commands.ts'
import { judgeControl, readControl } from '../etcd-manager/control.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { checkManagers } from './support/containers.ts'
import { commandFor, giveRestoreCommand } from './support/give-command.ts'
import { mustKnowLeader } from './support/leader.ts'
import { ownBackupNames } from './support/new-backups.ts'
import { checkQuorum, checkSeated, NO_COMMAND } from './support/nodes-ready.ts'
import { agreeToDoubts, findRestorer, versionsInput } from './support/restorer.ts'
import { wasRestored } from './support/was-restored.ts'

const inputs = z.strictObject({ versions: versionsInput })
type Inputs = z.infer<typeof inputs>
type Needs = 'backup' | 'expected' | 'control' | 'saved'
type Ctx = Context<Needs, Inputs>

/**
 * The point of no return. etcd-manager stops the running cluster before it reads the backup (FACTS 4), so everything
 * that could stop a restore is looked at here first, and the command file is the last thing to be written.
 */
export const triggerRestore = defineStep<Needs, 'command' | 'earlierBackups', Inputs>({
  id: 'trigger-restore',
  title: 'give etcd-manager the restore command',
  effect: 'irreversible',
  needs: ['backup', 'expected', 'control', 'saved'],
  gives: ['command', 'earlierBackups'],
  inputs,
  describe: () => ({
    reads: [
      'control files',
      'pending commands',
      'that enough control-plane nodes answer',
      'myid on every control-plane node: which one leads, and so reads the command',
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
    // the API servers may be fenced by now
    checkSeated(await mustKnowLeader(context, NO_COMMAND), needs.control.memberCount)
    await findRestorer(context, needs.backup.etcdVersion)
  },
  /**
   * The command file stays until the restore is complete (FACTS 4), so while it is there the command was given. Once it
   * is gone, a new cluster id tells: etcd-manager makes a new cluster for every restore.
   */
  happened: async (context) => {
    const key = await commandFor(context.world.store, context.needs.backup.name)
    if (key) return facts(context, key)
    if (context.recall('writing') !== true) return undefined
    const before = { clusterId: await clusterIdBefore(context), backups: await backupsBefore(context) }
    const isDone = await wasRestored(context, before)
    return isDone ? facts(context, commandKey(new Date(await requestedAt(context)))) : undefined
  },
  act: async (context) => {
    const { world, needs, note, once, inputs } = context
    const { doubts } = await findRestorer(context, needs.backup.etcdVersion)
    const isNew = (doubt: string) => !needs.expected.doubts?.includes(doubt)
    await agreeToDoubts(context, doubts.filter(isNew), inputs.versions)
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
    hint: "look at it with: etcd-rescue control show. It may be carried out just now: look for 'got restore-backup command' in etcd-manager's log on every control-plane node before you remove it; what waits runs at the next leader start, oldest first",
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
