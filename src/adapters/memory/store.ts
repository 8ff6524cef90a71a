import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.ts'
import { byKey, checkKey, checkPrefix, foldersBelow } from '../object-key.ts'
import { chunksOf } from '../source.ts'
import { changedMeanwhile, existsAlready, objectMissing, tooLarge, tooMany } from '../store-errors.ts'

interface Entry {
  body: Buffer
  modifiedAt: Date
  version: string
}

/** An object store in memory, for tests. Atomic because nothing is awaited between looking and changing. */
export function memoryStore(url = 'memory://store'): ObjectStore {
  const entries = new Map<string, Entry>()
  const infoOf = (key: string, e: Entry): ObjectInfo => ({
    key,
    size: e.body.length,
    modifiedAt: e.modifiedAt,
    version: e.version,
  })
  const must = (key: string): Entry => {
    checkKey(key)
    const entry = entries.get(key)
    if (!entry) throw objectMissing(url, key)
    return entry
  }
  const put = (key: string, body: Buffer): string => {
    const version = createHash('sha256').update(body).digest('hex')
    entries.set(key, { body, modifiedAt: new Date(), version })
    return version
  }
  return {
    url,
    async list(prefix, { limit = 100_000, signal } = {}) {
      checkPrefix(prefix)
      signal?.throwIfAborted()
      const found = [...entries].filter(([key]) => key.startsWith(prefix)).map(([key, e]) => infoOf(key, e))
      if (found.length > limit) throw tooMany(url, prefix, limit)
      return found.sort(byKey)
    },
    async listFolders(prefix, { signal } = {}) {
      checkPrefix(prefix)
      signal?.throwIfAborted()
      return foldersBelow(entries.keys(), prefix)
    },
    async head(key) {
      checkKey(key)
      const entry = entries.get(key)
      return entry && infoOf(key, entry)
    },
    async read(key, { maxBytes = 1 << 20, signal } = {}) {
      signal?.throwIfAborted()
      const { body, version } = must(key)
      if (body.length > maxBytes) throw tooLarge(url, key, maxBytes)
      return { body: Buffer.from(body), version }
    },
    async stream(key, { start = 0, end, signal } = {}) {
      signal?.throwIfAborted()
      const { body } = must(key)
      const part = Buffer.from(body.subarray(start, end === undefined ? undefined : end + 1))
      return Readable.from(part.length ? [part] : [], { objectMode: false })
    },
    async write(key, body, { ifAbsent, ifVersion, signal } = {}) {
      checkKey(key)
      signal?.throwIfAborted()
      if (ifAbsent && entries.has(key)) throw existsAlready(url, key)
      if (ifVersion !== undefined && entries.get(key)?.version !== ifVersion) throw changedMeanwhile(url, key)
      return { version: put(key, Buffer.from(body)) }
    },
    async upload(key, source, { onProgress, ifAbsent, signal } = {}) {
      checkKey(key)
      const body = await collect(source, onProgress, signal)
      if (ifAbsent && entries.has(key)) throw existsAlready(url, key)
      return { bytes: body.length, version: put(key, body) }
    },
    async remove(key, { ifVersion } = {}) {
      checkKey(key)
      const entry = entries.get(key)
      if (entry && ifVersion !== undefined && entry.version !== ifVersion) throw changedMeanwhile(url, key)
      entries.delete(key)
    },
  }
}

async function collect(source: Readable, onProgress?: (bytes: number) => void, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(source, signal)) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    onProgress?.(bytes)
  }
  return Buffer.concat(chunks)
}
