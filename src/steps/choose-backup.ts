import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { listBackups, readBackup, withMetas } from '../etcd-manager/backups.ts'
import { worthALook } from '../etcd-manager/worth-a-look.ts'
import { bytes, count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import { type LookedInto, lookIntoBackup } from './support/backup-content.ts'
import { alsoAlive } from './support/choose.ts'
import { keysIn } from './support/clusters.ts'
import { goodOfOthers, newestGood } from './support/good-backups.ts'
import { mustHaveEtcd } from './support/needed-etcd.ts'
import { isUnusable } from './support/reach.ts'
import { mustHaveRoom, roomToTry } from './support/room.ts'
import { type Running, runningCluster } from './support/running.ts'
import { sayKeys, sayWhichIsRight, type Told } from './support/say-copy.ts'
import { liveNow } from './support/survey.ts'
import { isFarLarger, mayBeBetter, unreadOf } from './support/unread.ts'
import { mustBeVerifiable } from './support/verifiable.ts'

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
  check: mustBeVerifiable,
  act: async (context) => {
    const chosen =
      context.inputs.backup === 'auto' ? await choose(context) : await named(context, context.inputs.backup)
    const { name, gzBytes: bytes = 0, meta, createdAt } = chosen.backup
    await mustHaveEtcd(context, meta?.etcdVersion)
    await mustHaveRoom(context.world, roomToTry(chosen.unpackedBytes ?? 0))
    context.note(
      `restoring ${name}: revision ${chosen.revision === undefined ? 'not known' : count(chosen.revision)}, ${sayKeys(chosen)}`,
    )
    context.note(`Lost: what was written after ${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`)
    return { backup: { name, store: context.world.store.url, bytes, etcdVersion: meta?.etcdVersion ?? '' } }
  },
})

async function choose(context: Ctx): Promise<LookedInto> {
  const { world, note, signal } = context
  const listed = worthALook(await listBackups(world.store, { signal }), LOOKED_INTO)
  const backups = await withMetas(world.store, listed, { signal })
  const looked: LookedInto[] = []
  for (const backup of backups.reverse()) looked.push(await look(context, backup))
  const live = await liveNow(world)
  const running = runningCluster(looked, live)
  show(context, looked, running)
  const best = newestGood(looked, running)
  if (best === undefined) throw noneGood(looked)
  for (const line of newerUnread(looked, best)) note(line)
  const others = goodOfOthers(best, looked, running)
  const doubt =
    largerUnread(looked, best) ??
    alsoAlive(live, asTold(best)) ??
    (others.length === 0 ? undefined : sayWhichIsRight(asTold(best), others.map(asTold)))
  if (!world.prompter.interactive) {
    if (doubt) throw new RescueError('ANSWER_MISSING', doubt.why, { hint: doubt.hint })
    return best
  }
  if (doubt) note(`careful: ${doubt.why}`)
  return ask(context, looked, best)
}

/** By its name, which `--backup` takes, and when it was made. */
const asTold = ({ backup, ...one }: LookedInto): Told => ({ ...one, backup: backup.name, place: 'backup' })

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

function show({ table }: Ctx, looked: readonly LookedInto[], running: Running): void {
  const remark = (one: LookedInto) => (running.isOf(one) ? 'of the cluster that runs now' : '')
  table(
    ['backup', 'revision', 'keys', 'size', 'etcd', 'remarks'],
    looked.map((one) => rowOf(one, remark(one))),
  )
}

function rowOf(one: LookedInto, remark: string): string[] {
  const { backup, revision, findings, foreign } = one
  const keys = keysIn(one)
  const { name, gzBytes, meta } = backup
  const of = foreign === undefined ? [] : [`of another Kubernetes cluster: ${foreign}`]
  return [
    name,
    revision === undefined ? '?' : count(revision),
    keys === undefined ? '?' : `~${count(keys)}`,
    gzBytes === undefined ? '-' : bytes(gzBytes),
    meta?.etcdVersion ?? '?',
    [remark, ...of, ...findings].filter((text) => text !== '').join('; '),
  ]
}

function noneGood(looked: readonly LookedInto[]): RescueError {
  return new RescueError(
    'COPY_NOT_FOUND',
    `none of the ${looked.length} backups that were looked into is worth restoring`,
    {
      hint: `look into all of them: etcd-rescue scan --backups all; then name one: --backup NAME${ofUnread(looked)}`,
    },
  )
}

const isUnread = ({ backup }: LookedInto) => unreadOf(backup) !== undefined

const asListed = ({ at, backup: { gzBytes } }: LookedInto) => ({ at, gzBytes })

/**
 * One that is not given out and is far larger is the lost cluster's, and what can be read the empty one's; but an older one
 * only where what can be read holds next to nothing.
 */
function largerUnread(looked: readonly LookedInto[], best: LookedInto): { why: string; hint: string } | undefined {
  const read = { ...asListed(best), keys: keysIn(best) ?? 0 }
  const isBetter = (one: LookedInto) => isFarLarger(asListed(one), read) && mayBeBetter(asListed(one), read)
  const larger = looked.filter((one) => isUnread(one) && isBetter(one))
  const newest = larger.sort((a, b) => b.backup.createdAt.getTime() - a.backup.createdAt.getTime())[0]?.backup
  if (newest === undefined) return undefined
  const { name, problem, hint } = newest
  return {
    why: `${name} is far larger than ${best.id}, and cannot be read: ${problem}`,
    hint: `${hint}; or take what can be read: --backup ${best.id}`,
  }
}

/** What nobody could look into may be the better one: nothing is wrong with it but that it is not given out. */
function newerUnread(looked: readonly LookedInto[], best: LookedInto): string[] {
  const newer = looked.filter((one) => isUnread(one) && one.backup.createdAt > best.backup.createdAt)
  return newer.map(({ backup: { name, problem, hint } }) => `careful: ${name} is newer. ${problem}. ${hint}`)
}

/** The newest one that only has to be brought back, or be given the right to, first. */
function ofUnread(looked: readonly LookedInto[]): string {
  const unread = looked.filter(isUnread).map(({ backup }) => backup)
  const [newest] = unread.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
  return newest === undefined ? '' : `. ${newest.name} cannot be read (${newest.problem}): ${newest.hint}`
}

function unusable({ id, findings, backup }: LookedInto): RescueError {
  // its content is not what is wrong: it can be restored when it can be read
  if (backup.code?.startsWith('OBJECT_') && backup.hint !== undefined) {
    return new RescueError(backup.code, `the backup ${id} cannot be read: ${backup.problem}`, { hint: backup.hint })
  }
  return new RescueError('BACKUP_INVALID', `the backup ${id} cannot be restored: ${findings.join('; ')}`, {
    hint: 'choose another: etcd-rescue backup list; etcd-manager would destroy the running cluster before it finds out',
  })
}
