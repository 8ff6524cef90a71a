import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { DATA_FILE, encodeMeta, META_FILE } from '../../../src/etcd-manager/backups.ts'
import type { ObjectStore } from '../../../src/ports/object-store.ts'

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()

/** As many 512-byte pages, which do not compress and are no etcd's. */
export function pages(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count * 16 }, (_, at) => sha256(`piece ${at}`)))
}

/** gzip of pages and their SHA-256. */
export function sealedPages(count: number): Buffer {
  return gzipSync(Buffer.concat([pages(count), sha256(pages(count))]))
}

/** Puts a whole backup into a store; its length in bytes. */
export async function addBackup(store: ObjectStore, name: string, gz = sealedPages(40)): Promise<number> {
  await store.write(`${name}/${DATA_FILE}`, gz)
  const meta = encodeMeta({ etcdVersion: '3.5.30', memberCount: 3, at: new Date('2024-03-21T13:00:00Z') })
  await store.write(`${name}/${META_FILE}`, meta)
  return gz.length
}

/** A store that tells the order of its changes: `write <key>`, `upload <key>`, `remove <key>`. */
export function toldStore(store: ObjectStore, log: string[]): ObjectStore {
  return {
    ...store,
    write: async (key, ...rest) => {
      log.push(`write ${key}`)
      return store.write(key, ...rest)
    },
    upload: async (key, ...rest) => {
      log.push(`upload ${key}`)
      return store.upload(key, ...rest)
    },
    remove: async (key, ...rest) => {
      log.push(`remove ${key}`)
      return store.remove(key, ...rest)
    },
  }
}
