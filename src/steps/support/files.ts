import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { RescueError } from '../../errors/rescue-error.ts'

/** Copies a directory tree, sharing blocks where the file system can. Only directories and regular files. */
export async function copyTree(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    signal?.throwIfAborted()
    if (entry.isDirectory()) await copyTree(join(from, entry.name), join(to, entry.name), signal)
    else if (entry.isFile()) await copyFile(join(from, entry.name), join(to, entry.name), constants.COPYFILE_FICLONE)
  }
}

/** Passes bytes through and counts and hashes them. */
export function meter(onBytes?: (total: number) => void): {
  stream: Transform
  bytes: () => number
  sha256: () => string
} {
  const hash: Hash = createHash('sha256')
  let total = 0
  const stream = new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      total += chunk.length
      onBytes?.(total)
      done(null, chunk)
    },
  })
  return { stream, bytes: () => total, sha256: () => hash.digest('hex') }
}

/** Part file, fsync, rename: a half-written file never has the good name. */
export async function finishPart(part: string, path: string): Promise<void> {
  await sync(part)
  await rename(part, path)
  await sync(dirname(path))
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** `ENOSPC` and `EDQUOT` as one clear error; everything else as it came. */
export function diskError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new RescueError('DISK_FULL', `no room left on this machine while writing ${path}`, {
    hint: 'free some room, or choose another disk with --work-dir, then resume the run',
    cause: error,
  })
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true })
}
