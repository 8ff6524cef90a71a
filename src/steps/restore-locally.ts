import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { EtcdRelease } from '../ports/etcd.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { findRelease } from './support/members.ts'
import { mustBeBest } from './support/mend/elsewhere.ts'
import { replayed } from './support/mend/replayed.ts'
import { endReplay } from './support/replay.ts'
import { mustBeOfThisBoot, thisBoot } from './support/same-boot.ts'
import { turnAuthOff } from './support/start-copy.ts'

const inputs = z.strictObject({
  /** `auto` takes the one with more; `wal` and `db` insist on one, whatever the other would bring. */
  way: z.enum(['auto', 'wal', 'db']).default('auto'),
})
type Inputs = z.infer<typeof inputs>
type Needs = 'copies' | 'copy' | 'fetched' | 'checked'
type Ctx = Context<Needs, Inputs>
type Result = Facts['restored']['wal']
type Held = Exclude<Result, { failed: string }>

/**
 * Neither way is always right: `db` alone lacks the writes that were acknowledged and only in the WAL when etcd was
 * killed (FACTS 2), and a WAL may be cut or of another member. What `db` holds is known from check-copy, which read all
 * of its pages, so it is restored only when the WAL can't be replayed, or brings less.
 */
export const restoreLocally = defineStep<Needs, 'restored', Inputs>({
  id: 'restore-locally',
  title: 'restore the copy on this machine, with its WAL',
  effect: 'local',
  needs: ['copies', 'copy', 'fetched', 'checked'],
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
    let mended: string[] = []
    let authOff = false
    const wal = await tried(context, 'wal', async () => {
      const { mended: did, authWasOn, ...held } = await replayed(context)
      mustNotGoBack(held, needs.checked)
      mended = did
      authOff = authWasOn
      return held
    })
    const { revision, keys, damage } = needs.checked
    const enough = !('failed' in wal) && damage === undefined
    const db = enough ? { revision, keys } : await tried(context, 'db', () => restoreDb(context, release))
    const way = await decide(context, wal, db)
    const held = (way === 'wal' ? wal : db) as Held
    if (held.keys === 0) throw nothingLeft()
    const other = way === 'wal' ? 'db' : 'wal'
    if (other === 'wal') await endReplay(world)
    if (way === 'db') authOff = await turnAuthOff(world.scratch.peek('db'))
    if (authOff) context.note('on the working copy, never on the original: turned authentication off, to read it')
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
        ...(way === 'wal' && mended.length > 0 ? { mended } : {}),
        ...(authOff ? { authOff } : {}),
      },
    }
  },
})

const PASSING = new Set(['DISK_FULL', 'ETCD_MISSING', 'LEASES_EXPIRED', 'ANSWER_MISSING', 'PRECONDITION'])

async function tried({ inputs, signal, note }: Ctx, way: 'db' | 'wal', restore: () => Promise<Held>): Promise<Result> {
  if (inputs.way !== 'auto' && inputs.way !== way) return { failed: `not asked for (way: ${inputs.way})` }
  try {
    return await restore()
  } catch (error) {
    const { code, message: failed } = toRescueError(error)
    // these say nothing about the copy, or it is a person's turn
    if (signal.aborted || PASSING.has(code)) throw error
    note(`${way === 'wal' ? 'the WAL could not be replayed' : 'db could not be restored'}: ${failed}`)
    return { failed }
  }
}

/** `snapshot restore --skip-hash-check` of the database file: a plain copy carries no hash (FACTS 2). */
async function restoreDb({ world, needs, signal }: Ctx, release: EtcdRelease): Promise<Held> {
  if (needs.checked.damage !== undefined) throw damaged(needs.checked.damage)
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
    mustBeBest(context, { why: wal.failed, how: 'database', revision: db.revision })
    const question = `The WAL cannot be replayed (${wal.failed}). Go on with db alone, at revision ${count(db.revision)}? Writes acknowledged after it are lost.`
    if (await world.prompter.confirm(question, { flag: '--set way=db', default: false })) return 'db'
    throw new RescueError('PRECONDITION', 'the WAL cannot be replayed and db alone was not wanted', {
      hint: 'take another copy with --copy, or accept db alone with --set way=db',
      cause: wal.failed,
    })
  }
  note(compare(wal, db))
  return 'wal'
}

/** The log of a sound database adds to it: one that takes from it has failed, and what it lacks is for a person to give up. */
function mustNotGoBack(wal: Held, { revision, damage }: Facts['checked']): void {
  if (damage !== undefined || wal.revision >= revision) return
  throw damaged(`an etcd on it stands at revision ${count(wal.revision)}, and the database alone at ${count(revision)}`)
}

function compare(wal: Held, db: Held): string {
  const revisions = wal.revision - db.revision
  if (revisions === 0 && wal.keys === db.keys)
    return `both ways hold the same: revision ${count(wal.revision)}, ${many(wal.keys, 'key')}`
  return `the WAL adds ${many(revisions, 'revision')} to db: revision ${count(db.revision)} with ${many(db.keys, 'key')} becomes ${count(wal.revision)} with ${many(wal.keys, 'key')}`
}

function nothingRestores(wal: string, db: string): RescueError {
  return new RescueError('COPY_CORRUPT', `the copy cannot be restored: with its WAL: ${wal}; db alone: ${db}`, {
    hint: 'nothing was changed; choose another copy with --copy NODE:TOKEN',
  })
}

/** A log that was cut before its first write still replays, to an empty cluster: nothing is ever replaced by that. */
function nothingLeft(): RescueError {
  return new RescueError('COPY_CORRUPT', 'what can be read of the copy holds no key', {
    hint: 'nothing was changed; choose another copy with --copy NODE:TOKEN',
  })
}

function damaged(why: string): RescueError {
  return new RescueError('COPY_CORRUPT', why, { hint: 'choose another copy with --copy NODE:TOKEN' })
}
