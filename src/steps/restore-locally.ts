import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { EtcdRelease } from '../ports/etcd.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { findRelease } from './support/members.ts'
import { endReplay, forgetReplay, replayWal } from './support/replay.ts'
import { mustBeOfThisBoot, thisBoot } from './support/same-boot.ts'

const inputs = z.strictObject({
  /** `auto` takes the one with more; `wal` and `db` insist on one. */
  way: z.enum(['auto', 'wal', 'db']).default('auto'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'fetched' | 'checked', Inputs>
type Result = Facts['restored']['wal']
type Held = Exclude<Result, { failed: string }>

/**
 * Neither way is always right: `db` alone lacks the writes that were acknowledged and only in the WAL when etcd was
 * killed (FACTS 2), and a WAL may be cut or of another member. What `db` holds is known from check-copy, which read all
 * of its pages, so it is restored only when the WAL can't be replayed, or brings less.
 */
export const restoreLocally = defineStep<'fetched' | 'checked', 'restored', Inputs>({
  id: 'restore-locally',
  title: 'restore the copy on this machine, with its WAL',
  effect: 'local',
  needs: ['fetched', 'checked'],
  gives: ['restored'],
  inputs,
  describe: ({ way }) => ({
    reads: ['the fetched member directory'],
    changes: [`a scratch data directory on this machine (way: ${way})`],
  }),
  check: async (context) => {
    const { world, needs } = context
    await mustBeOfThisBoot(context, needs.fetched)
    await findRelease(world, needs.checked.minor)
  },
  act: async (context) => {
    const { world, needs } = context
    const release = await findRelease(world, needs.checked.minor)
    const wal = await tried(context, 'wal', () => withWal(context))
    const { revision, keys } = needs.checked
    const enough = !('failed' in wal) && wal.revision >= revision
    const db = enough ? { revision, keys } : await tried(context, 'db', () => restoreDb(context, release))
    const way = await decide(context, wal, db)
    const held = (way === 'wal' ? wal : db) as Held
    const other = way === 'wal' ? 'db' : 'wal'
    if (other === 'wal') await endReplay(world)
    await rm(world.scratch.peek(other), { recursive: true, force: true })
    return {
      restored: {
        way,
        dataDir: world.scratch.peek(way),
        minor: release.minor,
        version: release.version,
        ...held,
        ...(await thisBoot(world)),
        wal,
        db,
      },
    }
  },
})

async function tried({ inputs, signal, note }: Ctx, way: 'db' | 'wal', restore: () => Promise<Held>): Promise<Result> {
  if (inputs.way !== 'auto' && inputs.way !== way) return { failed: `not asked for (way: ${inputs.way})` }
  try {
    return await restore()
  } catch (error) {
    const { code, message: failed } = toRescueError(error)
    // these say nothing about the copy
    if (signal.aborted || code === 'DISK_FULL' || code === 'ETCD_MISSING') throw error
    note(`${way === 'wal' ? 'the WAL could not be replayed' : 'db could not be restored'}: ${failed}`)
    return { failed }
  }
}

/** The whole member directory, its WAL replayed. */
async function withWal({ world, needs, signal, note }: Ctx): Promise<Held> {
  try {
    const { member, marked } = await replayWal(world, needs.fetched, needs.checked.minor, signal)
    if (marked > 0) note(`the WAL ends with ${marked} entries that were not marked as committed yet: brought back too`)
    for (const line of member.notes ?? []) note(`etcd said at its start: ${line}`)
    return { revision: (await member.client.status()).revision, keys: await member.client.count() }
  } finally {
    forgetReplay(world)
  }
}

/** `snapshot restore --skip-hash-check` of the database file: a plain copy carries no hash (FACTS 2). */
async function restoreDb({ world, needs, signal }: Ctx, release: EtcdRelease): Promise<Held> {
  await world.scratch.needRoom(needs.checked.sizeBytes)
  const dataDir = world.scratch.peek('db')
  await world.scratch.dir()
  await rm(dataDir, { recursive: true, force: true })
  await world.etcd.restore(release, join(needs.fetched.dir, 'member', 'snap', 'db'), dataDir, {
    skipHashCheck: true,
    signal,
  })
  return { revision: needs.checked.revision, keys: needs.checked.keys }
}

async function decide(context: Ctx, wal: Result, db: Result): Promise<'wal' | 'db'> {
  const { note, world, inputs } = context
  if ('failed' in wal && 'failed' in db) throw nothingRestores(wal.failed, db.failed)
  if ('failed' in db) return 'wal'
  if ('failed' in wal) {
    if (inputs.way === 'db') return 'db'
    const question = `The WAL cannot be replayed (${wal.failed}). Go on with db alone, at revision ${db.revision}? Writes acknowledged after it are lost.`
    if (await world.prompter.confirm(question, { flag: '--set way=db', default: false })) return 'db'
    throw new RescueError('PRECONDITION', 'the WAL cannot be replayed and db alone was not wanted', {
      hint: 'take another copy with --copy, or accept db alone with --set way=db',
      cause: wal.failed,
    })
  }
  note(compare(wal, db))
  return wal.revision >= db.revision ? 'wal' : 'db'
}

function compare(wal: Held, db: Held): string {
  const revisions = wal.revision - db.revision
  if (revisions === 0 && wal.keys === db.keys)
    return `both ways hold the same: revision ${wal.revision}, ${wal.keys} keys`
  return `the WAL adds ${revisions} revisions to db: revision ${db.revision} with ${db.keys} keys becomes ${wal.revision} with ${wal.keys} keys`
}

function nothingRestores(wal: string, db: string): RescueError {
  return new RescueError('COPY_CORRUPT', `the copy cannot be restored: with its WAL: ${wal}; db alone: ${db}`, {
    hint: 'nothing was changed; choose another copy with --copy NODE:TOKEN',
  })
}
