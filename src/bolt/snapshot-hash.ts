import { createHash } from 'node:crypto'
import type { PageSource } from './source.ts'

const HASH_BYTES = 32
const CHUNK = 4 * 1024 * 1024

/** A snapshot is the database and its SHA-256: its length is 32 more than a multiple of 512 (FACTS 2). */
export const hasSnapshotHash = (size: number) => size % 512 === HASH_BYTES

/**
 * Compares a snapshot's SHA-256 with its content. bbolt keeps no checksum of values, so nothing else tells of a flipped
 * bit in one. `absent` for a plain database file.
 */
export async function checkSnapshotHash(
  source: PageSource,
  { signal }: { signal?: AbortSignal } = {},
): Promise<'absent' | 'right' | 'wrong'> {
  if (!hasSnapshotHash(source.size)) return 'absent'
  const end = source.size - HASH_BYTES
  const hash = createHash('sha256')
  for (let at = 0; at < end; at += CHUNK) {
    signal?.throwIfAborted()
    hash.update(await source.read(at, Math.min(CHUNK, end - at)))
  }
  return hash.digest().equals(await source.read(end, HASH_BYTES)) ? 'right' : 'wrong'
}
