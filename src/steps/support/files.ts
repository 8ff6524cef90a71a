import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { RescueError } from '../../errors/rescue-error.ts'

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

/** SHA-256 of a file of this machine, lower-case hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  const handle = await open(path, 'r')
  try {
    for await (const chunk of chunksOf(handle)) hash.update(chunk)
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}

const CHUNK_BYTES = 1 << 20

/**
 * The content of an open file. A chunk is valid until the next one is asked for:
 * two buffers serve the whole file, one read into while the other is at work. A stream makes one for each megabyte, and
 * collecting them takes as long as hashing them.
 */
export async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  const [a, b] = [Buffer.alloc(CHUNK_BYTES), Buffer.alloc(CHUNK_BYTES)]
  let at = 0
  const readInto = (buffer: Buffer) => {
    const reading = handle.read(buffer, 0, buffer.length, at)
    // met at the next turn, unless the reader stops before
    reading.catch(() => {})
    return reading
  }
  let [current, other] = [a, b]
  let reading = readInto(current)
  for (;;) {
    const { bytesRead } = await reading
    if (bytesRead === 0) return
    at += bytesRead
    reading = readInto(other)
    yield current.subarray(0, bytesRead)
    ;[current, other] = [other, current]
  }
}

/** Flushes a file or a directory to the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Flushes everything in a directory, and itself. */
export async function syncTree(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) await syncTree(path)
    else if (entry.isFile()) await syncPath(path)
  }
  await syncPath(dir)
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
