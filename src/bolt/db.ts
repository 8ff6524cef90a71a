import { badPage } from './damage.ts'
import { checkLeaf } from './leaf.ts'
import { type DbMeta, readMeta } from './meta-page.ts'
import { ELEMENT_BYTES, elementAt, HEADER_BYTES, type Page, parsePage, readUint64 } from './page.ts'
import type { PageSource } from './source.ts'

/** An open database: the state of its last whole transaction. */
export interface Db {
  readonly source: PageSource
  readonly meta: DbMeta
  readonly findings: string[]
}

/** A bucket: a tree of its own, or, when it is small, a page within its parent's page. */
export interface Bucket {
  name: string
  /** 0 for an inline bucket. */
  root: number
  inline?: Page
}

const MAX_BUCKETS = 100
/** What etcd 3.4 to 3.6 make when they start, and keep through a restore; without the first two none opens it. */
const VITAL = ['key', 'meta']
const OTHERS = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster', 'lease', 'members', 'members_removed']
/** The beginning of a page that holds one very large value is enough to find its keys. */
const PEEK_BYTES = 16 * 1024

export async function openDb(source: PageSource): Promise<Db> {
  return { source, ...(await readMeta(source)) }
}

/** A whole page with its overflow. */
export async function readPage(db: Db, id: number): Promise<Page> {
  const page = await readHead(db, id)
  if (page.body.length >= page.length) return page
  return { ...page, body: await db.source.read(id * db.meta.pageSize, page.length) }
}

/** A page with at least its elements and, up to 16 KiB, its keys and values; see `bytesOf`. */
export async function readPageHead(db: Db, id: number): Promise<Page> {
  const page = await readHead(db, id)
  const wanted = Math.min(page.length, Math.max(PEEK_BYTES, HEADER_BYTES + page.count * ELEMENT_BYTES))
  if (page.body.length >= wanted) return page
  const have = page.body.length
  const rest = await db.source.read(id * db.meta.pageSize + have, wanted - have)
  return { ...page, body: Buffer.concat([page.body, rest]) }
}

async function readHead({ source, meta }: Db, id: number): Promise<Page> {
  const { pageSize, pages } = meta
  if (id < 2 || id >= pages) throw badPage(id, `it is referred to and the last page is ${pages - 1}`)
  return parsePage(await source.read(id * pageSize, pageSize), id, pageSize, pages)
}

/** Bytes of a page that may lie beyond what was read of it. */
export async function bytesOf(db: Db, page: Page, start: number, end: number): Promise<Buffer> {
  if (end <= page.body.length) return page.body.subarray(start, end)
  return db.source.read(page.id * db.meta.pageSize + start, end - start)
}

/** The bucket in a leaf element's value: 16 bytes (root u64, sequence u64), and its page when it is inline. */
export function bucketIn(db: Db, page: Page, index: number): Bucket {
  const { keyStart, keyEnd, valueEnd } = elementAt(page, index)
  const name = page.body.toString('latin1', keyStart, keyEnd)
  if (valueEnd - keyEnd < 16) throw badPage(page.id, `the bucket ${JSON.stringify(name.slice(0, 40))} is cut`)
  const root = readUint64(page.body, keyEnd)
  if (root !== 0) return { name, root }
  const body = page.body.subarray(keyEnd + 16, valueEnd)
  if (body.length < HEADER_BYTES)
    throw badPage(page.id, `the inline bucket ${JSON.stringify(name.slice(0, 40))} is cut`)
  return { name, root, inline: inlinePage(db, page.id, body) }
}

/** An inline page has no id of its own: its header says 0. */
function inlinePage(db: Db, id: number, body: Buffer): Page {
  const parsed = parsePage(body, 0, db.meta.pageSize, 1)
  if (parsed.kind !== 'leaf') throw badPage(id, 'an inline bucket is no leaf')
  if (HEADER_BYTES + parsed.count * ELEMENT_BYTES > body.length) throw badPage(id, 'an inline bucket is cut')
  return { ...parsed, id, length: body.length }
}

/**
 * The buckets of an etcd database, by name. etcd has about ten of them, all in one page. bbolt finds them by binary
 * search and refuses to open a database in which they are out of order.
 */
export async function readBuckets(db: Db): Promise<Map<string, Bucket>> {
  const page = await readPage(db, db.meta.root)
  if (page.kind !== 'leaf' || page.count > MAX_BUCKETS)
    throw badPage(page.id, 'it is not the list of buckets of an etcd')
  checkLeaf(page)
  const buckets = new Map<string, Bucket>()
  for (let index = 0; index < page.count; index++) {
    if (!elementAt(page, index).isBucket) throw badPage(page.id, `element ${index} is not a bucket`)
    const bucket = bucketIn(db, page, index)
    buckets.set(bucket.name, bucket)
  }
  return buckets
}

/** What is wrong with a list of buckets: a name of which one bit flipped hides all that its bucket holds. */
export function lackingBuckets(buckets: Map<string, Bucket>): string[] {
  const lacking = [...VITAL, ...OTHERS].filter((name) => !buckets.has(name))
  return lacking.map((name) =>
    VITAL.includes(name)
      ? `unusable: there is no bucket ${name}`
      : `there is no bucket ${name}, which every etcd has: what it held would be lost`,
  )
}
