import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, stat, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { diskError, syncPath } from './files.ts'

/** A database is whole pages of at least this; a snapshot is the database and its SHA-256 (FACTS 2). */
const SECTOR_BYTES = 512

interface SealOptions {
  /** Gets the bytes of the snapshot, its digest included. Ended only after the file was finished. */
  outgoing?: Writable | undefined
  onBytes?: (total: number) => void
  signal: AbortSignal
}

/**
 * Moves the database of a data directory to `<path>.part` and says where it is. After a crash it is found where the
 * attempt before left it, there or as a finished snapshot; a digest, or what was written of one, is cut off again.
 * `stop` is called only while the database is still in its directory.
 */
export async function claimDatabase(dataDir: string, path: string, stop: () => Promise<void>): Promise<string> {
  const db = join(dataDir, 'member', 'snap', 'db')
  const part = `${path}.part`
  if (await exists(db)) {
    await stop()
    await rename(db, part)
    await Promise.all([syncPath(dirname(db)), syncPath(dirname(part))])
    return part
  }
  if (!(await exists(part))) await rename(path, part)
  const { size } = await stat(part)
  await truncate(part, size - (size % SECTOR_BYTES))
  return part
}

/**
 * Streams the database while it is hashed, then adds its SHA-256 to the file, syncs it and gives it its name. Resolves
 * to the length and the SHA-256 of the whole snapshot.
 */
export async function sealSnapshot(part: string, path: string, options: SealOptions) {
  const { outgoing = discard(), onBytes, signal } = options
  const hash = createHash('sha256')
  let bytes = 0
  try {
    const source = createReadStream(part, { highWaterMark: 1 << 20 })
    const hashed = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        bytes += chunk.length
        onBytes?.(bytes)
        yield chunk
      }
      const digest = hash.copy().digest()
      hash.update(digest)
      bytes += digest.length
      await append(part, digest)
      yield digest
    }
    await pipeline(source, hashed, outgoing, { signal, end: false })
    await rename(part, path)
    await syncPath(dirname(path))
  } catch (error) {
    outgoing.destroy(error instanceof Error ? error : new Error(String(error)))
    throw diskError(error, path)
  }
  outgoing.end()
  return { bytes, sha256: hash.digest('hex') }
}

/** For a step that runs alone: nobody reads its bytes. */
function discard(): Writable {
  return new PassThrough().resume()
}

async function append(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'a')
  try {
    await handle.write(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
