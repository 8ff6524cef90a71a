import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'

/** Up to this size the version is a digest of the content: control files and locks are far smaller. */
const SMALL = 4096

/**
 * The version of an open file. Clocks of file systems tick every few milliseconds and inode numbers are used again, so
 * two small files written in a row could share size, time and inode; their content is what tells them apart.
 */
export async function versionOf(file: FileHandle, stats: BigIntStats): Promise<string> {
  if (stats.size > SMALL) return `${stats.size}-${stats.mtimeNs.toString(36)}-${stats.ino.toString(36)}`
  const buffer = Buffer.alloc(SMALL)
  const { bytesRead } = await file.read(buffer, 0, SMALL, 0)
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 32)
}
