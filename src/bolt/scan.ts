import { randomInt } from 'node:crypto'
import { blockReader } from './blocks.ts'
import { badPage, isDamage } from './damage.ts'
import { type Bucket, type Db, openDb, readBuckets, readPage } from './db.ts'
import { readEtcdMeta } from './etcd-meta.ts'
import { type KvRecord, type Revision, readKv, readRevision } from './kv.ts'
import { LiveKeys } from './live-keys.ts'
import type { Page } from './page.ts'
import type { PageSource } from './source.ts'
import { claimPages, type WalkOptions, walkBucket } from './walk.ts'

export interface ScanOptions {
  signal?: AbortSignal
  /**
   * Keep damage as findings (`unusable: page …`) and go on; without metas or list of buckets it is still an error.
   * Default: the first damaged page is `COPY_CORRUPT`.
   */
  tolerant?: boolean
  /**
   * Called for each key that exists at the last revision, in order of its last change, in a second pass over the file.
   * The buffers are views that are valid only during the call.
   */
  onLive?: (kv: KvRecord) => void | Promise<void>
  /** Bytes of the file that were passed, of `source.size` for each pass; for a progress bar. */
  onProgress?: (bytes: number) => void
}

export interface DbScan {
  /** Keys at the last revision. */
  keys: number
  /** What etcd would say its revision is. */
  revision: number
  /** The last compaction; 0 when there was none. */
  compactRevision: number
  /** Records in the bucket `key`, deletions included, and their keys and values in bytes. */
  revisions: number
  bytes: number
  tombstones: number
  /** Pages in use. The rest of the file is free. */
  sizeInUseBytes: number
  findings: string[]
}

/**
 * Reads every page of an etcd database and checks it: the tree, the order, that each record is the one its revision
 * names. Values carry no checksum, so a flipped bit within a value is not seen here. Memory: 12 bytes for each key and
 * slot (200 MB at 5 million keys) and some MB of pages.
 */
export async function scanDb(source: PageSource, options: ScanOptions = {}): Promise<DbScan> {
  const db = await openDb(blockReader(source))
  const findings = [...db.findings]
  const used = new Uint8Array(Math.ceil(db.meta.pages / 8))
  const walk: WalkOptions = { tolerant: options.tolerant ?? false, findings, used, signal: options.signal }
  const buckets = await claimBuckets(db, walk)
  const key = buckets.get('key')
  const totals = await countKeys(db, key, walk, options)
  for (const [name, bucket] of buckets) if (name !== 'key') await walkBucket(db, bucket, walk, () => {})
  if (key && options.onLive) await visitLive(db, key, walk, totals.live, options)
  const { compactRevision, scheduledCompactRevision } = await readEtcdMeta(db, buckets, findings)
  const { keys, lastRevision, revisions, bytes, tombstones } = totals
  const revision = Math.max(lastRevision, compactRevision, scheduledCompactRevision, 1)
  return {
    keys,
    revision,
    compactRevision,
    revisions,
    bytes,
    tombstones,
    sizeInUseBytes: countBits(used) * db.meta.pageSize,
    findings,
  }
}

/** The buckets, with the pages that belong to no bucket marked as used: both metas, the list itself, the freelist. */
async function claimBuckets(db: Db, { used }: WalkOptions): Promise<Map<string, Bucket>> {
  const buckets = await readBuckets(db)
  if (!buckets.has('key')) throw badPage(db.meta.root, 'there is no bucket of keys: this is not a database of etcd 3')
  claimPages(used, 0, 2)
  claimPages(used, db.meta.root, (await readPage(db, db.meta.root)).length / db.meta.pageSize)
  return buckets
}

interface Totals {
  live: LiveKeys
  keys: number
  lastRevision: number
  revisions: number
  bytes: number
  tombstones: number
}

async function countKeys(db: Db, bucket: Bucket | undefined, walk: WalkOptions, options: ScanOptions): Promise<Totals> {
  const live = new LiveKeys(randomInt(2 ** 32))
  const totals: Totals = { live, keys: 0, lastRevision: 0, revisions: 0, bytes: 0, tombstones: 0 }
  if (!bucket) return totals
  const passed = progress(options)
  await walkBucket(db, bucket, walk, (page, elements) => {
    for (const { keyStart, keyEnd, valueEnd } of elements) {
      const { revision, kv } = readRecord(page, keyStart, keyEnd, valueEnd)
      live.set(kv.key, totals.revisions, revision.tombstone)
      totals.revisions++
      totals.bytes += kv.key.length + kv.value.length
      totals.lastRevision = revision.main
      if (revision.tombstone) totals.tombstones++
    }
    passed(page.length)
  })
  return { ...totals, keys: live.count() }
}

/** The second pass. It goes over the same pages in the same order, so ordinals agree, also around damaged pages. */
async function visitLive(
  db: Db,
  bucket: Bucket,
  walk: WalkOptions,
  live: LiveKeys,
  options: ScanOptions,
): Promise<void> {
  const passed = progress(options)
  const again = { ...walk, used: new Uint8Array(walk.used.length), findings: [] }
  let ordinal = 0
  await walkBucket(db, bucket, again, async (page, elements) => {
    for (const { keyStart, keyEnd, valueEnd } of elements) {
      const { kv } = readRecord(page, keyStart, keyEnd, valueEnd)
      const given = live.isLive(kv.key, ordinal++) ? options.onLive?.(kv) : undefined
      if (given) await given
    }
    passed(page.length)
  })
}

/** A record, checked against its own revision: a page of another place or time does not pass. */
function readRecord(
  page: Page,
  keyStart: number,
  keyEnd: number,
  valueEnd: number,
): { revision: Revision; kv: KvRecord } {
  try {
    const revision = readRevision(page.body, keyStart, keyEnd)
    const kv = readKv(page.body, keyEnd, valueEnd)
    if (!revision.tombstone && kv.modRevision !== revision.main) {
      throw new Error(`the record of revision ${revision.main} says that it is of ${kv.modRevision}`)
    }
    return { revision, kv }
  } catch (error) {
    throw isDamage(error) ? error : badPage(page.id, error instanceof Error ? error.message : String(error))
  }
}

function progress({ onProgress }: ScanOptions): (bytes: number) => void {
  let total = 0
  return (bytes) => {
    total += bytes
    onProgress?.(total)
  }
}

function countBits(bits: Uint8Array): number {
  let count = 0
  for (let byte of bits) for (; byte; byte &= byte - 1) count++
  return count
}
