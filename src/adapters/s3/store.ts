import type { ObjectStore } from '../../ports/object-store.ts'
import { checkKey, checkPrefix } from '../object-key.ts'
import type { Conditions } from './conditions.ts'
import { download } from './download.ts'
import { listFolderNames, listObjects } from './listing.ts'
import { askWithBody, headObject } from './looking.ts'
import type { S3Options } from './options.ts'
import { hasConditions } from './probe.ts'
import { readObject } from './reading.ts'
import { removeAllVersions, removeObject } from './removing.ts'
import { openSession } from './session.ts'
import { uploadObject } from './upload.ts'
import { writeObject } from './writing.ts'

/**
 * A folder of an S3 bucket. Nothing is sent before the first call; then a store that does not answer is
 * `STORE_UNREACHABLE`, wrong credentials `STORE_AUTH`, a missing bucket or wrong region `STORE_MISSING`, and what breaks
 * later, after five attempts, `STORE_FAILED`. Ranges of `stream` include their end.
 */
export function s3Store(options: S3Options): ObjectStore {
  const session = openSession(options)
  const conditions: Conditions = { ifNoneMatch: 'unknown', ifMatch: 'unknown' }
  return {
    url: session.place.url,
    hasConditions: () => hasConditions(session, conditions),
    async now() {
      await askWithBody(session)
      return session.date
    },
    async list(prefix, { limit = 100_000, signal } = {}) {
      checkPrefix(prefix)
      return listObjects(session, prefix, limit, signal)
    },
    async listFolders(prefix, { signal } = {}) {
      checkPrefix(prefix)
      return listFolderNames(session, prefix, signal)
    },
    async head(key) {
      checkKey(key)
      return headObject(session, key)
    },
    async read(key, { maxBytes = 1 << 20, signal } = {}) {
      checkKey(key)
      return readObject(session, key, maxBytes, signal)
    },
    async stream(key, { start = 0, end, signal } = {}) {
      checkKey(key)
      return (await download(session, key, { start, end }, signal)).body
    },
    async write(key, body, writeOptions = {}) {
      checkKey(key)
      return writeObject(session, conditions, key, body, writeOptions)
    },
    async upload(key, body, uploadOptions = {}) {
      checkKey(key)
      return uploadObject(session, conditions, key, body, uploadOptions)
    },
    async remove(key, { ifVersion, allVersions } = {}) {
      checkKey(key)
      await removeObject(session, key, ifVersion)
      if (allVersions) await removeAllVersions(session, key)
    },
  }
}
