import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkDb, NO_FILE, type OpenSource, openFileSource, peekDb } from '../bolt/index.ts'
import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import { count, many } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { minorOfData } from './support/needed-etcd.ts'
import { endReplay, replayWal } from './support/replay.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'

type Ctx = Context<'copy' | 'fetched'>

export const checkCopy = defineStep<'copy' | 'fetched', 'checked'>({
  id: 'check-copy',
  title: 'check the fetched database, page by page',
  effect: 'local',
  needs: ['copy', 'fetched'],
  gives: ['checked'],
  describe: () => ({
    reads: ['every page of the fetched database on this machine'],
    changes: ['a working copy in the scratch, on which a local etcd starts meanwhile'],
  }),
  check: (context) => mustBeOfThisBoot(context, context.needs.fetched),
  act: async (context) => {
    const { world, needs, signal } = context
    const source = await database(needs.fetched.dir)
    try {
      const peek = await peekDb(source)
      const minor = minorOfData(peek.etcdVersion ?? needs.copy.etcdVersion)
      // restore-locally needs it, and tells what became of it
      replayWal(world, needs.fetched, minor, signal).catch(() => {})
      return { checked: await check(context, source, minor) }
    } catch (error) {
      await endReplay(world)
      throw error
    } finally {
      await source.close()
    }
  },
})

async function database(dir: string): Promise<OpenSource> {
  const path = join(dir, 'member', 'snap', 'db')
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  return isThere ? openFileSource(path) : { ...NO_FILE, close: async () => {} }
}

async function check(context: Ctx, source: OpenSource, minor: string): Promise<Facts['checked']> {
  const { needs, note, signal } = context
  const sizeBytes = source.size
  const scan = await checkDb(source, { signal }).catch((error) => broughtBack(context, minor, error))
  if ('damage' in scan) return { minor, revision: 0, keys: 0, sizeBytes, findings: [scan.damage], ...scan }
  const { revision, keys, findings } = scan
  if (keys === 0 && (await keysOfLog(context, minor)) === 0) throw empty(needs.copy.id)
  for (const finding of findings) note(finding)
  note(`db alone: revision ${count(revision)}, ${many(keys, 'key')}; what only the WAL holds comes on top`)
  return { minor, revision, keys, sizeBytes, findings }
}

/** A database of which etcd had not written a key yet says nothing about the log. */
async function keysOfLog({ world, needs, signal }: Ctx, minor: string): Promise<number> {
  return replayWal(world, needs.fetched, minor, signal).then(
    ({ member }) => member.client.count(),
    () => 0,
  )
}

/** Begins anew without the database as it is: the transaction before, or made from the log. Else the damage is final. */
async function broughtBack(
  { world, needs, note, signal }: Ctx,
  minor: string,
  error: unknown,
): Promise<{ damage: string }> {
  const { code, message: damage } = toRescueError(error)
  if (signal.aborted || code !== 'COPY_CORRUPT') throw error
  await endReplay(world)
  await replayWal(world, needs.fetched, minor, signal, { isDatabaseSound: false }).catch((failed) => {
    throw signal.aborted ? failed : beyondHelp(damage, toRescueError(failed))
  })
  note(`the database cannot be used as it is (${damage}); the log brings it back`)
  return { damage }
}

function beyondHelp(damage: string, { code, message, hint }: RescueError): RescueError {
  return new RescueError('COPY_CORRUPT', `${damage}; its log does not bring it back: ${message}`, {
    // else nothing is known of the log yet
    hint:
      code === 'COPY_CORRUPT'
        ? 'nothing was changed; take another copy: etcd-rescue scan lists them, etcd-rescue recover --copy NODE:TOKEN takes one; where there is none, a backup: etcd-rescue run restore-backup'
        : hint,
  })
}

function empty(id: string): RescueError {
  return new RescueError('COPY_CORRUPT', `the copy ${id} holds no keys: it is an empty cluster's`, {
    hint: 'choose another copy: etcd-rescue recover --copy NODE:TOKEN',
  })
}
