import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RescueError } from '../errors/rescue-error.ts'
import { type Living, livingOf, ownMark } from './living.ts'
import { codeOf, fileError } from './local-file.ts'

const NAME = 'writer.lock'

/**
 * One process at a time writes a journal. Resolves to what gives it back; `LOCKED` names the process that has it. Of one that
 * is dead it is taken over, and of one on another machine or in another container when `breakLock` says that it is gone.
 */
export async function takeWriterLock(
  runDir: string,
  runId: string,
  { breakLock = false } = {},
): Promise<() => Promise<void>> {
  const path = join(runDir, NAME)
  const mine = `${ownMark()} ${randomBytes(8).toString('hex')}\n`
  for (let tries = 0; tries < 5; tries += 1) {
    if (await place(path, mine)) return () => giveBack(path, mine)
    const holder = await readHolder(path)
    if (holder === undefined) continue
    const living = livingOf(holder)
    if (living === 'alive') throw busy(runId, holder)
    if (living === 'elsewhere' && !breakLock) throw busyElsewhere(runId, holder)
    await removeStale(path, holder)
  }
  throw busy(runId, (await readHolder(path)) ?? '')
}

/** Whether the process that took this run to write it lives; undefined when none has it. */
export async function writerOf(runDir: string): Promise<Living | undefined> {
  const holder = await readHolder(join(runDir, NAME))
  return holder === undefined ? undefined : livingOf(holder)
}

/** `link` makes the file appear with its content, or fails when there is one: no moment in which it is empty. */
async function place(path: string, text: string): Promise<boolean> {
  const part = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    await writeFile(part, text, { mode: 0o600, flag: 'wx' })
    await link(part, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw fileError(error, path)
  } finally {
    await rm(part, { force: true })
  }
}

async function readHolder(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).slice(0, 200)
  } catch {
    return undefined
  }
}

/** Of two that find the same stale file only one renames it; who took a fresh one by mistake puts it back. */
async function removeStale(path: string, holder: string): Promise<void> {
  const aside = `${path}.stale.${randomBytes(4).toString('hex')}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  if ((await readHolder(aside)) !== holder) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}

async function giveBack(path: string, mine: string): Promise<void> {
  if ((await readHolder(path)) === mine) await rm(path, { force: true })
}

function busy(runId: string, holder: string): RescueError {
  return new RescueError('LOCKED', `run ${runId} is being carried out by process ${pidIn(holder)} on this machine`, {
    hint: `wait for it, or stop that process, then type: etcd-rescue runs resume ${runId}`,
  })
}

/** Of its number nothing follows here: there may be another process of that number, or none. */
function busyElsewhere(runId: string, holder: string): RescueError {
  const [where = ''] = holder.split(' ')
  return new RescueError(
    'LOCKED',
    `run ${runId} was taken by process ${pidIn(holder)} on another machine or in another container (${where}): whether it still runs cannot be seen from here`,
    { hint: `look there; if it is gone for sure: etcd-rescue runs resume ${runId} --break-lock` },
  )
}

const pidIn = (holder: string) => holder.split(' ')[1] ?? '?'
