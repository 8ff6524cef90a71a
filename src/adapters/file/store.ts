import { randomBytes } from 'node:crypto'
import { type FileHandle, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Clock, systemClock } from '../../ports/clock.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { checkPrefix } from '../object-key.ts'
import { chunksOf } from '../source.ts'
import { changedMeanwhile, objectMissing, tooLarge } from '../store-errors.ts'
import { asStoreErrors, codeOf, toStoreError } from './errors.ts'
import { withKeyLock } from './lock.ts'
import { directoryOf, pathOf, realRoot } from './paths.ts'
import { infoOf, listFolderNames, listObjects, openObject } from './reading.ts'
import { type Place, pour, writeFileObject } from './writing.ts'

export interface FileStoreOptions {
  clock?: Clock
}

/**
 * The backup store in a directory, as etcd-manager has it for `file://` stores. The directory must exist
 * (`STORE_MISSING`): a missing one is rather a disk that is not mounted than a new store.
 * Files are 0600, directories 0700; a full disk is `DISK_FULL`.
 */
export function fileStore(storeUrl: string, { clock = systemClock }: FileStoreOptions = {}): ObjectStore {
  const url = `file://${directoryOf(storeUrl)}`
  const place = async (key: string): Promise<Place> => {
    const root = await realRoot(url)
    return { url, root, key, clock, path: await pathOf(url, root, key) }
  }
  const opened = async (key: string) => {
    const found = await openObject((await place(key)).path, key)
    if (!found) throw objectMissing(url, key)
    return found
  }
  const wrap = <T>(what: string, work: () => Promise<T>) => asStoreErrors(url, what, work)

  return {
    url,
    /** A disk of the network has a clock of its own: that of the server, which stamps what is written. */
    now: () =>
      wrap('write a file', async () => {
        const path = join(await realRoot(url), `.etcd-rescue-${randomBytes(12).toString('hex')}.part`)
        await writeFile(path, '', { flag: 'wx', mode: 0o600 })
        try {
          return (await stat(path)).mtime
        } finally {
          await unlink(path)
        }
      }),
    list: (prefix, { limit = 100_000, signal } = {}) =>
      wrap(`list ${prefix}`, async () => {
        checkPrefix(prefix)
        return listObjects(url, await realRoot(url), prefix, limit, signal)
      }),
    listFolders: (prefix, { signal } = {}) =>
      wrap(`list ${prefix}`, async () => {
        checkPrefix(prefix)
        return listFolderNames(await realRoot(url), prefix, signal)
      }),
    head: (key) => wrap(`look at ${key}`, async () => infoOf((await place(key)).path, key)),
    read: (key, { maxBytes = 1 << 20, signal } = {}) =>
      wrap(`read ${key}`, async () => {
        signal?.throwIfAborted()
        const { file, info } = await opened(key)
        try {
          if (info.size > maxBytes) throw tooLarge(url, key, maxBytes)
          const body = Buffer.alloc(info.size)
          const { bytesRead } = await file.read(body, 0, info.size, 0)
          return { body: body.subarray(0, bytesRead), version: info.version }
        } finally {
          await file.close()
        }
      }),
    stream: (key, { start = 0, end, signal } = {}) =>
      wrap(`read ${key}`, async (): Promise<Readable> => {
        signal?.throwIfAborted()
        const { file } = await opened(key)
        const range = end === undefined ? { start } : { start, end }
        return file.createReadStream({ ...range, ...(signal && { signal }), highWaterMark: 1 << 18 })
      }),
    write: (key, body, options = {}) =>
      wrap(`write ${key}`, async () => {
        options.signal?.throwIfAborted()
        const info = await writeFileObject(await place(key), (file) => file.writeFile(body), options)
        return { version: info.version }
      }),
    upload: async (key, body, { onProgress, ifAbsent, signal } = {}) => {
      const chunks = chunksOf(body, signal)
      let bytes = 0
      const fill = async (file: FileHandle) => {
        bytes = await pour(chunks, file, onProgress)
      }
      const options = { ...(ifAbsent && { ifAbsent }), ...(signal && { signal }) }
      try {
        const { version } = await writeFileObject(await place(key), fill, options)
        return { bytes, version }
      } catch (error) {
        // what the source died of is not the store's failure
        throw error === body.errored ? error : toStoreError(url, `write ${key}`, error)
      }
    },
    remove: (key, { ifVersion } = {}) =>
      wrap(`remove ${key}`, async () => {
        const { root, path } = await place(key)
        await withKeyLock(root, key, clock, () => removeIf(url, path, key, ifVersion))
      }),
  }
}

async function removeIf(url: string, path: string, key: string, ifVersion?: string): Promise<void> {
  const info = await infoOf(path, key)
  if (!info) return
  if (ifVersion !== undefined && info.version !== ifVersion) throw changedMeanwhile(url, key)
  await unlink(path).catch((error) => {
    if (codeOf(error) !== 'ENOENT') throw error
  })
}
