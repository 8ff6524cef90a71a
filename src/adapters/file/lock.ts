import { createHash, randomBytes } from 'node:crypto'
import { link, open, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Clock } from '../../ports/clock.ts'
import { shellWord } from '../../shell/quote.ts'
import { codeOf } from './errors.ts'

/** A holder only compares, renames and flushes; one that is older than this was killed. */
const STALE_MS = 30_000
const DEADLINE_MS = 60_000

/**
 * Runs `work` while holding a lock file (O_EXCL) of this key in the root of the store. All changes of a key are committed
 * under it, so that "compare, then rename" is atomic against every other etcd-rescue, also on other machines.
 */
export async function withKeyLock<T>(root: string, key: string, clock: Clock, work: () => Promise<T>): Promise<T> {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 24)
  const path = join(root, `.etcd-rescue-${name}.lock`)
  await acquire(path, key, clock)
  try {
    return await work()
  } finally {
    await unlink(path).catch(() => undefined)
  }
}

async function acquire(path: string, key: string, clock: Clock): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS
  while (!(await tryCreate(path))) {
    await breakStale(path)
    if (Date.now() > deadline) throw stuck(path, key)
    await clock.sleep(5 + Math.random() * 20)
  }
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close()
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Renames the stale lock to a name of our own first: of several who try, one succeeds. */
async function breakStale(path: string): Promise<void> {
  const seen = await stat(path).catch(() => undefined)
  if (!seen || Date.now() - seen.mtimeMs < STALE_MS) return
  const aside = path.replace(/[0-9a-f]+\.lock$/, `${randomBytes(12).toString('hex')}.stale`)
  await rename(path, aside).catch(() => undefined)
  const moved = await stat(aside).catch(() => undefined)
  // someone had broken it before us and this one is new: give it back
  if (moved && moved.ino !== seen.ino) await link(aside, path).catch(() => undefined)
  await unlink(aside).catch(() => undefined)
}

function stuck(path: string, key: string): RescueError {
  return new RescueError('STORE_FAILED', `another process keeps ${key} locked with ${path}`, {
    hint: `find out which other run still writes there; when there is none: rm ${shellWord(path)}`,
  })
}
