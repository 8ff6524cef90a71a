import { type Bucket, bucketIn, openDb, readPage } from './db.ts'
import { elementAt, type Page } from './page.ts'
import type { PageSource } from './source.ts'

const ON = 1

/**
 * Where in the file the one byte lies that says that authentication is on; undefined when it is off. etcd keeps it as the
 * value of `authEnabled` in the bucket `auth`, 1 for on (its server/storage/schema/auth.go), and bbolt has no checksum over
 * a page: to write a 0 there is what `etcdctl auth disable` leaves, for who has no user. Only for a working copy.
 */
export async function authFlagAt(source: PageSource): Promise<number | undefined> {
  const db = await openDb(source)
  const { pageSize, root } = db.meta
  const top = await readPage(db, root)
  for (let index = 0; index < top.count; index++) {
    const { keyEnd, isBucket } = elementAt(top, index)
    if (!isBucket) continue
    const bucket = bucketIn(db, top, index)
    if (bucket.name !== 'auth') continue
    const { page, at } = bucket.inline
      ? { page: bucket.inline, at: root * pageSize + keyEnd + BUCKET_BYTES }
      : { page: await readPage(db, bucket.root), at: bucket.root * pageSize }
    const offset = flagIn(page, bucket)
    return offset === undefined ? undefined : at + offset
  }
  return undefined
}

/** Root and sequence, before an inline page. */
const BUCKET_BYTES = 16

/** Ten keys at most are in it: always one leaf. */
function flagIn(page: Page, { name }: Bucket): number | undefined {
  if (page.kind !== 'leaf') throw new Error(`the bucket ${name} is larger than any etcd makes it`)
  for (let index = 0; index < page.count; index++) {
    const { keyStart, keyEnd, valueEnd } = elementAt(page, index)
    const isFlag = page.body.toString('latin1', keyStart, keyEnd) === 'authEnabled'
    if (isFlag) return valueEnd === keyEnd + 1 && page.body[keyEnd] === ON ? keyEnd : undefined
  }
  return undefined
}
