import { chmod, mkdir, readdir, readFile, rm, rmdir, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { bytes as sizeOf } from '../../words/numbers.ts'

/** Kept free beside what a step needs, so that the journal and the machine go on. */
const RESERVE_BYTES = 256 * 1024 * 1024

/**
 * A scratch in a directory, which is made at first use. Not shared: everything in it is removed by `removeAll`, so it must
 * be a directory of one run. `LOCAL_FILE` for what the file system refuses.
 */
export function dirScratch(base: string, options: { reserveBytes?: number } = {}): Scratch {
  if (!isAbsolute(base) || resolve(base) === '/') throw badPart(base)
  const peek = (...parts: string[]) => join(base, ...parts.map(checked))
  const dir = async (...parts: string[]) => {
    let path = base
    await make(path)
    for (const part of parts.map(checked)) {
      path = join(path, part)
      await make(path)
    }
    return path
  }
  return {
    peek,
    dir,
    file: async (...parts) => {
      const path = peek(...parts)
      if (parts.length === 0) throw badPart('')
      await dir(...parts.slice(0, -1))
      return path
    },
    needRoom: (bytes) => needRoom(base, bytes, options.reserveBytes ?? RESERVE_BYTES),
    boot: bootId,
    removeAll: () => removeAll(base),
  }
}

/** One plain name: what a node calls its files must not lead anywhere else. */
function checked(part: string): string {
  if (/^[\w@+=:,.~ -]{1,200}$/.test(part) && part !== '.' && part !== '..') return part
  throw badPart(part)
}

function badPart(part: string): RescueError {
  return new RescueError('LOCAL_FILE', `${JSON.stringify(part.slice(0, 100))} is no name for a file of the scratch`, {
    hint: 'this is a bug in etcd-rescue; the journal of the run says where',
  })
}

/** The umask may take rights away from a mode and never adds any, but a directory from before may have others. */
async function make(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chmod(path, 0o700)
  } catch (error) {
    throw failed(error, path)
  }
}

async function needRoom(base: string, bytes: number, reserve: number): Promise<void> {
  const { bavail, bsize } = await statfs(await existing(base))
  const free = bavail * bsize
  if (free >= bytes + reserve) return
  throw new RescueError('DISK_FULL', `${base} has ${sizeOf(free)} free where ${sizeOf(bytes + reserve)} are needed`, {
    hint: 'make room, then resume the run; or begin anew with a --work-dir on another disk',
  })
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Linux gives each of its lives a random name (proc(5)). */
async function bootId(): Promise<string | undefined> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return UUID.test(id.trim()) ? id.trim() : undefined
}

async function existing(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch (error) {
    if (dirname(path) === path) throw failed(error, path)
    return existing(dirname(path))
  }
}

/** Everything below the directory and the directory itself. Links are removed, never followed. */
async function removeAll(base: string): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 }
  try {
    await removeBelow(base, total)
    await rmdir(base)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw failed(error, base)
  }
  return total
}

async function removeBelow(dir: string, total: { files: number; bytes: number }): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) {
      await removeBelow(path, total)
      await rm(path, { recursive: true })
      continue
    }
    if (entry.isFile()) total.bytes += (await stat(path)).size
    total.files += 1
    await unlink(path)
  }
}

function failed(error: unknown, path: string): RescueError {
  const why = error instanceof Error ? error.message : String(error)
  const full = (error as { code?: unknown }).code === 'ENOSPC'
  const hint = full
    ? 'make room, then resume the run'
    : 'check the rights of the work directory, or give another --work-dir'
  return new RescueError(full ? 'DISK_FULL' : 'LOCAL_FILE', `${path}: ${why}`, { hint, cause: error })
}
