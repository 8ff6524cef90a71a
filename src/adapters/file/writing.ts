import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectInfo, WriteOptions } from '../../ports/object-store.ts'
import { changedMeanwhile, existsAlready } from '../store-errors.ts'
import { codeOf } from './errors.ts'
import { withKeyLock } from './lock.ts'
import { existingParent, makeParents } from './paths.ts'
import { infoOf } from './reading.ts'

export interface Place {
  url: string
  root: string
  path: string
  key: string
  clock: Clock
}

/** Part file, fsync, then the commit under the key's lock. A failure before the commit leaves nothing. */
export async function writeFileObject(
  place: Place,
  fill: (file: FileHandle) => Promise<void>,
  options: WriteOptions,
): Promise<ObjectInfo> {
  const part = join(
    await existingParent(place.root, place.path),
    `.etcd-rescue-${randomBytes(12).toString('hex')}.part`,
  )
  try {
    const file = await open(part, 'wx', 0o600)
    try {
      await fill(file)
      await file.sync()
    } finally {
      await file.close()
    }
    options.signal?.throwIfAborted()
    return await withKeyLock(place.root, place.key, place.clock, () => commit(place, part, options))
  } finally {
    await unlink(part).catch(() => undefined) // gone after a rename
  }
}

async function commit(place: Place, part: string, { ifAbsent, ifVersion }: WriteOptions): Promise<ObjectInfo> {
  const { url, key, path } = place
  if (ifVersion !== undefined && (await infoOf(path, key))?.version !== ifVersion) throw changedMeanwhile(url, key)
  await makeParents(url, path)
  if (ifAbsent) await linkNew(place, part)
  else await rename(part, path)
  await syncDirectories(place)
  const info = await infoOf(path, key)
  if (!info) throw changedMeanwhile(url, key)
  return info
}

/** link(2) fails when the name is taken, also against writers that know nothing of our lock (etcd-manager). */
async function linkNew({ url, key, path }: Place, part: string): Promise<void> {
  try {
    await link(part, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw existsAlready(url, key, error)
    throw error
  }
}

/** Only then does the new name, and each new folder above it, survive a power cut. */
async function syncDirectories({ root, path }: Place): Promise<void> {
  for (let folder = dirname(path); folder.length >= root.length; folder = dirname(folder)) {
    const handle = await open(folder, 'r')
    await handle.sync().finally(() => handle.close())
    if (folder === root) return
  }
}

/** Writes all chunks, counting. */
export async function pour(
  chunks: AsyncIterable<Buffer>,
  file: FileHandle,
  onProgress?: (bytes: number) => void,
): Promise<number> {
  let bytes = 0
  for await (const buffer of chunks) {
    for (let at = 0; at < buffer.length; ) at += (await file.write(buffer, at)).bytesWritten
    bytes += buffer.length
    onProgress?.(bytes)
  }
  return bytes
}
