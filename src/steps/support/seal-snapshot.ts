import { createHash } from 'node:crypto'
import { open, rename, stat, truncate } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { chunksOf, diskError, syncPath } from './files.ts'

/** A database is whole pages of at least this; a snapshot is the database and its SHA-256 (FACTS 2). */
const SECTOR_BYTES = 512

interface Durable {
  /** Default: yes. `false`: nothing is synced; see `mustBeOfThisBoot`. */
  isDurable?: boolean
}

interface SealOptions extends Durable {
  onBytes?: (total: number) => void
  signal: AbortSignal
}

/**
 * Moves the database of a data directory to `<path>.part` and says where it is. After a crash it is found where the
 * attempt before left it, there or as a finished snapshot; a digest, or what was written of one, is cut off again.
 * `stop` is called only while the database is still in its directory.
 */
export async function claimDatabase(
  dataDir: string,
  path: string,
  stop: () => Promise<void>,
  { isDurable = true }: Durable = {},
): Promise<string> {
  const db = join(dataDir, 'member', 'snap', 'db')
  const part = `${path}.part`
  if (await exists(db)) {
    await stop()
    await rename(db, part)
    if (isDurable) await Promise.all([syncPath(dirname(db)), syncPath(dirname(part))])
    return part
  }
  if (!(await exists(part))) await rename(path, part)
  const { size } = await stat(part)
  await truncate(part, size - (size % SECTOR_BYTES))
  return part
}

/**
 * Hashes the database, adds its SHA-256 to the file and gives it its name. Resolves to the length and the
 * SHA-256 of the whole snapshot.
 */
export async function sealSnapshot(part: string, path: string, { onBytes, signal, isDurable = true }: SealOptions) {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    const handle = await open(part, 'r+')
    try {
      for await (const chunk of chunksOf(handle)) {
        signal.throwIfAborted()
        hash.update(chunk)
        bytes += chunk.length
        onBytes?.(bytes)
      }
      const digest = hash.copy().digest()
      hash.update(digest)
      await handle.write(digest, 0, digest.length, bytes)
      bytes += digest.length
      if (isDurable) await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(part, path)
    if (isDurable) await syncPath(dirname(path))
  } catch (error) {
    throw diskError(error, path)
  }
  return { bytes, sha256: hash.digest('hex') }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
