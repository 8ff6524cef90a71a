import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rm, stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RescueError } from '../../errors/rescue-error.ts'
import { DATA_FILE } from '../../etcd-manager/backups.ts'
import { BadGzip, gunzip } from '../../gzip/index.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { pour } from './pour.ts'
import { unpackedRoom } from './unpacked-room.ts'

/** A snapshot is whole pages and a SHA-256: its length is 32 more than a multiple of 512 (FACTS 2). */
const DIGEST_BYTES = 32
const SECTOR_BYTES = 512

interface DownloadOptions {
  /** Where `path` is. */
  scratch: Pick<Scratch, 'needRoom'>
  signal: AbortSignal
  onBytes?: (total: number) => void
}

/**
 * Downloads a backup and unpacks it into `path`, then checks its length and trailing SHA-256.
 * `BACKUP_INVALID` names what is wrong: gzip that is cut, damaged or followed by more, no digest, wrong digest. `DISK_FULL`
 * before the disk is full, however much it unpacks to.
 */
export async function downloadBackup(
  store: ObjectStore,
  name: string,
  path: string,
  options: DownloadOptions,
): Promise<{ bytes: number }> {
  const source = await store.stream(`${name}/${DATA_FILE}`, { signal: options.signal })
  const { bytes } = await unpack(source, name, path, options)
  await checkSnapshotFile(path, name)
  return { bytes }
}

async function unpack(source: Readable, name: string, path: string, { scratch, signal, onBytes }: DownloadOptions) {
  const room = unpackedRoom(scratch)
  const through = async function* (packed: AsyncIterable<Buffer>) {
    for await (const chunk of gunzip(packed)) {
      await room(chunk.length)
      yield chunk
    }
  }
  try {
    return await pour(source, path, { through, signal, ...(onBytes ? { onBytes } : {}) })
  } catch (error) {
    // the next attempt begins anew, and the room may be wanted until then
    await rm(`${path}.part`, { force: true })
    throw error instanceof BadGzip ? invalid(name, `its gzip ${error.what}`, error) : error
  }
}

/** Compares the last 32 bytes of a snapshot file with the SHA-256 of what comes before them. */
export async function checkSnapshotFile(path: string, name: string): Promise<void> {
  const { size } = await stat(path)
  if (size <= DIGEST_BYTES || size % SECTOR_BYTES !== DIGEST_BYTES) throw invalid(name, 'it carries no hash')
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { end: size - DIGEST_BYTES - 1, highWaterMark: 1 << 20 }), hash)
  if (!hash.digest().equals(await tail(path, size))) throw invalid(name, 'its hash is not the hash of its content')
}

async function tail(path: string, size: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const { buffer } = await handle.read(Buffer.alloc(DIGEST_BYTES), 0, DIGEST_BYTES, size - DIGEST_BYTES)
    return buffer
  } finally {
    await handle.close()
  }
}

function invalid(name: string, what: string, cause?: unknown): RescueError {
  return new RescueError('BACKUP_INVALID', `the backup ${name} cannot be restored: ${what}`, {
    hint: 'do not restore it: etcd-manager destroys the running cluster before it looks; choose another: etcd-rescue backup list',
    cause,
  })
}
