import { isDamage, MAX_FINDINGS } from './damage.ts'
import { type Bucket, type Db, lackingBuckets, openDb, readBuckets, readPage } from './db.ts'
import { type EtcdMeta, readEtcdMeta } from './etcd-meta.ts'
import { type FreePages, readFreePages } from './freelist.ts'
import type { KvRecord } from './kv.ts'
import { RecordView } from './record-view.ts'
import { SeenKeys } from './seen-keys.ts'
import { readSmallBuckets, type SmallBuckets } from './small-buckets.ts'
import { checkSnapshotHash } from './snapshot-hash.ts'
import type { PageSource } from './source.ts'
import { note, sweepLeaves } from './sweep.ts'
import { type KindTally, type LargeKey, type NewestRecord, Tally, type TallyOptions } from './tally.ts'
import { claimPages, type WalkOptions } from './walk.ts'

export interface InspectOptions extends TallyOptions {
  signal?: AbortSignal
  /** Given every live key and value, views that are valid during the call; its result becomes `digest`. */
  digest?: { add(key: Buffer, value: Buffer): void; result(): { digest: string } | Promise<{ digest: string }> }
  /** Called for each live key, the latest change first. The buffers are views that are valid during the call. */
  onLive?: (kv: KvRecord) => void
  /** Bytes of leaves that were passed, of at most `source.size`. */
  onProgress?: (bytes: number) => void
  /** Do not compare a snapshot's SHA-256, for a caller that has. */
  skipHash?: boolean
}

/** Everything that a database tells. Damage is a finding that begins with `unusable` and names its page. */
export interface DbInspection extends EtcdMeta, SmallBuckets, FreePages {
  revision: number
  /** Live keys, and the bytes of their keys and values. */
  keys: number
  liveBytes: number
  /** Records in the bucket `key`, with history and deletions, and their bytes. */
  revisions: number
  bytes: number
  tombstones: number
  /** What `etcdutl snapshot status` before 3.6 gives as `totalKey`, the entries of all buckets (3.6 gives `keys`), and `totalSize`. */
  totalKeys: number
  totalSize: number
  sizeBytes: number
  sizeInUseBytes: number
  kinds: Record<string, KindTally>
  largest: LargeKey[]
  newest: NewestRecord[]
  /** Live keys that have a lease, and those whose lease is not there any more. */
  keysWithLease: number
  digest?: string
  /** A snapshot's own SHA-256. */
  sha256: 'absent' | 'right' | 'wrong' | 'not checked'
  findings: string[]
}

/**
 * Reads every page once and checks the structure: metas, each page reached once, keys in order, records of their
 * revision, the list of free pages. A flipped bit within a value cannot be seen, as bbolt keeps no checksum of it, except
 * in a snapshot by its SHA-256. Throws `COPY_CORRUPT` only when there is no database to read at all.
 */
export async function inspectDb(source: PageSource, options: InspectOptions = {}): Promise<DbInspection> {
  const db = await openDb(source)
  const findings = [...db.findings]
  const used = new Uint8Array(Math.ceil(db.meta.pages / 8))
  const walk: WalkOptions = { tolerant: true, findings, used, signal: options.signal }
  const buckets = await readBuckets(db)
  findings.push(...lackingBuckets(buckets))
  claimPages(used, 0, 2)
  claimPages(used, db.meta.root, (await readPage(db, db.meta.root)).length / db.meta.pageSize)
  const { tally, last } = await tallyKeys(db, buckets.get('key'), walk, options)
  const small = await readSmallBuckets(db, buckets, walk)
  const meta = await readEtcdMeta(db, buckets, findings)
  const free = await freePages(db, walk)
  const sha256 = options.skipHash ? 'not checked' : await checkSnapshotHash(source, options)
  if (sha256 === 'wrong') add(findings, 'unusable: the SHA-256 at the end of the snapshot is not that of its content')
  const digest = await options.digest?.result()
  const { pages, pageSize } = db.meta
  return {
    ...meta,
    ...small,
    ...free,
    ...totals(tally),
    revision: Math.max(last, meta.compactRevision, meta.scheduledCompactRevision, 1),
    totalKeys: tally.revisions + small.entries,
    totalSize: pages * pageSize,
    sizeBytes: source.size,
    sizeInUseBytes: (pages - free.free) * pageSize,
    ...(digest ? { digest: digest.digest } : {}),
    sha256,
    findings,
  }
}

async function tallyKeys(
  db: Db,
  bucket: Bucket | undefined,
  walk: WalkOptions,
  options: InspectOptions,
): Promise<{ tally: Tally; last: number }> {
  const tally = new Tally(options)
  const pass: Pass = { tally, seen: new SeenKeys(), view: new RecordView(), last: 0, options }
  let passed = 0
  for await (const pages of bucket ? sweepLeaves(db, bucket, walk) : []) {
    for (const page of pages) {
      try {
        for (let index = page.count - 1; index >= 0; index--) {
          pass.view.moveTo(page, index)
          takeRecord(pass)
        }
      } catch (error) {
        note(walk, error)
      }
      passed += page.length
    }
    options.onProgress?.(passed)
  }
  return { tally, last: pass.last }
}

interface Pass {
  tally: Tally
  seen: SeenKeys
  view: RecordView
  last: number
  options: InspectOptions
}

function takeRecord(pass: Pass): void {
  const { tally, seen, view, options } = pass
  if (pass.last === 0) pass.last = view.main
  if (view.isMark) return
  const isLatest = seen.add(view.body, view.keyStart, view.keyEnd)
  tally.add(view, isLatest)
  if (!isLatest || view.tombstone || (!options.digest && !options.onLive)) return
  const kv = view.toKv()
  options.digest?.add(kv.key, kv.value)
  options.onLive?.(kv)
}

function totals({ keys, liveBytes, revisions, bytes, tombstones, kinds, largest, newest, leases }: Tally) {
  const keysWithLease = [...leases.values()].reduce((sum, count) => sum + count, 0)
  const byKeys = [...kinds].sort(([, a], [, b]) => b.bytes - a.bytes)
  const table = Object.fromEntries(byKeys) as Record<string, KindTally>
  return { keys, liveBytes, revisions, bytes, tombstones, kinds: table, largest, newest, keysWithLease }
}

async function freePages(db: Db, { used, findings }: WalkOptions): Promise<FreePages> {
  try {
    return await readFreePages(db, used)
  } catch (error) {
    if (!isDamage(error)) throw error
    add(findings, `unusable: ${error.message}`)
    return { free: 0 }
  }
}

function add(findings: string[], finding: string): void {
  if (findings.length < MAX_FINDINGS) findings.push(finding)
}
