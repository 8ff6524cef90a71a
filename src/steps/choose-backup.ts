import prettyBytes from 'pretty-bytes'
import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { listBackups, readBackup } from '../etcd-manager/backups.ts'
import { worthALook } from '../etcd-manager/worth-a-look.ts'
import { type Context, defineStep } from './define.ts'
import { type LookedInto, lookIntoBackup } from './support/backup-content.ts'
import { alsoAlive } from './support/choose.ts'
import { newestGood } from './support/good-backups.ts'
import { identify, isUnusable } from './support/rank.ts'

const inputs = z.strictObject({ backup: z.string().default('auto') })
type Inputs = z.infer<typeof inputs>
type Ctx = Context<never, Inputs>

/** How many are looked into: the newest, and the newest large ones. */
const LOOKED_INTO = 6

/**
 * The newest backups are the worthless ones: etcd-manager takes them of the empty cluster as of any other (FACTS 1). So
 * this looks into them, and takes the newest that holds data of a cluster that does not run now.
 */
export const chooseBackup = defineStep<never, 'backup', Inputs>({
  id: 'choose-backup',
  title: 'choose the newest backup that is worth restoring',
  effect: 'read',
  gives: ['backup'],
  inputs,
  describe: ({ backup }) => ({
    reads: [backup === 'auto' ? `the newest backups and the newest large ones, ${LOOKED_INTO} in all` : backup],
    changes: [],
  }),
  act: async (context) => {
    const chosen =
      context.inputs.backup === 'auto' ? await choose(context) : await named(context, context.inputs.backup)
    const { name, gzBytes: bytes = 0, meta, createdAt } = chosen.backup
    const { revision, recordsKept = 0 } = chosen
    context.note(`restoring ${name}: revision ${revision}, about ${recordsKept} records`)
    context.note(`Lost: what was written after ${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`)
    return { backup: { name, store: context.world.store.url, bytes, etcdVersion: meta?.etcdVersion ?? '' } }
  },
})

async function choose(context: Ctx): Promise<LookedInto> {
  const { world, note, signal } = context
  const backups = worthALook(await listBackups(world.store, { signal }), LOOKED_INTO)
  const looked: LookedInto[] = []
  for (const backup of backups.reverse()) looked.push(await look(context, backup))
  const running = await ofRunning(context, looked)
  show(context, looked, running)
  const best = newestGood(looked, (one) => running.includes(one))
  if (best === undefined) throw noneGood(looked)
  const alive = await alsoAlive(world, best)
  if (!world.prompter.interactive) {
    if (alive) throw notEmpty(alive, best)
    return best
  }
  if (alive) note(`careful: ${alive}`)
  return ask(context, looked, best)
}

function look({ world, signal, progress }: Ctx, backup: LookedInto['backup']): Promise<LookedInto> {
  return lookIntoBackup(world, backup, { signal, onBytes: (total) => progress(backup.name, total) })
}

async function ask({ world }: Ctx, looked: readonly LookedInto[], best: LookedInto): Promise<LookedInto> {
  const choices = looked.map((one) => ({
    value: one.id,
    label: rowOf(one, '').join('  '),
    ...(isUnusable(one) ? { disabled: 'cannot be restored' } : {}),
  }))
  const id = await world.prompter.select('Restore which backup?', choices, { flag: '--backup', default: best.id })
  return looked.find((one) => one.id === id) ?? best
}

/** One that was named on purpose may be of any age, and of any cluster; but etcd-manager must be able to restore it. */
async function named(context: Ctx, name: string): Promise<LookedInto> {
  const found = await look(context, await readBackup(context.world.store, name, context.signal))
  if (isUnusable(found)) throw unusable(found)
  if (found.foreign !== undefined) context.note(`careful: it is of another Kubernetes cluster, ${found.foreign}`)
  return found
}

/** Those of the cluster that runs now, by the ids of its members; none when it does not say them. */
async function ofRunning({ world }: Ctx, looked: readonly LookedInto[]): Promise<LookedInto[]> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      const [{ clusterId }, members] = [await client.status(), await client.members()]
      const live = { id: 'live', serving: true, revision: 1, clusterId, members: members.map(({ id }) => id) }
      const { of } = identify([...looked, live])
      return looked.filter((one) => of(one) === clusterId)
    } finally {
      await client.close()
    }
  } catch {
    return []
  }
}

function show({ table }: Ctx, looked: readonly LookedInto[], running: readonly LookedInto[]): void {
  const remark = (one: LookedInto) => (running.includes(one) ? 'of the cluster that runs now' : '')
  table(
    ['backup', 'revision', 'records', 'size', 'etcd', 'remarks'],
    looked.map((one) => rowOf(one, remark(one))),
  )
}

function rowOf({ backup, revision, recordsKept, findings, foreign }: LookedInto, remark: string): string[] {
  const { name, gzBytes, meta } = backup
  const of = foreign === undefined ? [] : [`of another Kubernetes cluster: ${foreign}`]
  return [
    name,
    revision === undefined ? '?' : String(revision),
    recordsKept === undefined ? '?' : `~${recordsKept}`,
    gzBytes === undefined ? '-' : prettyBytes(gzBytes, { binary: true }),
    meta?.etcdVersion ?? '?',
    [remark, ...of, ...findings].filter((text) => text !== '').join('; '),
  ]
}

function noneGood(looked: readonly LookedInto[]): RescueError {
  return new RescueError(
    'COPY_NOT_FOUND',
    `none of the ${looked.length} backups that were looked into is worth restoring`,
    {
      hint: 'look into all of them: etcd-rescue scan --backups all; then name one: --backup NAME',
    },
  )
}

function notEmpty(alive: string, { id }: LookedInto): RescueError {
  return new RescueError('ANSWER_MISSING', alive, {
    hint: `if the running cluster is to be replaced all the same, name the backup: --backup ${id}`,
  })
}

function unusable({ id, findings }: LookedInto): RescueError {
  return new RescueError('BACKUP_INVALID', `the backup ${id} cannot be restored: ${findings.join('; ')}`, {
    hint: 'choose another: etcd-rescue backup list; etcd-manager would destroy the running cluster before it finds out',
  })
}
