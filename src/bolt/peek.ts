import { memoReader } from './blocks.ts'
import { isDamage } from './damage.ts'
import { type Db, lackingBuckets, openDb, readBuckets } from './db.ts'
import { type DbFlags, flagFindings, readFlags } from './db-flags.ts'
import { type EtcdMember, type EtcdMeta, readEtcdMeta } from './etcd-meta.ts'
import { countPrefixes, type EtcdClusterName, guessCluster } from './guess.ts'
import { type DbMeta, readMeta } from './meta-page.ts'
import { readUint64 } from './page.ts'
import { sampleKeys } from './sample.ts'
import type { PageSource } from './source.ts'

/** What a few pages of an etcd database tell. Fields are absent where a damaged page hid them; `findings` say so. */
export interface DbPeek extends DbFlags {
  /** What etcd would say its revision is, without what only the WAL holds. */
  revision?: number
  consistentIndex?: number
  /** Absent before etcd 3.5. */
  term?: number
  compactRevision?: number
  /** The cluster's version: major and minor count, like `3.5.0`. */
  etcdVersion?: string
  members: EtcdMember[]
  removedMembers: string[]
  /** Ids of members without a vote; absent where the members could not be read. */
  learners?: string[]
  /** Why there is no database in it at all that could be opened. */
  lost?: string
  /** Which of kOps' etcd clusters it is, by what is inside. */
  guess: EtcdClusterName
  /** Records, deletions included: more than keys. An estimate unless `revisionsExact`. */
  revisionsKept?: number
  revisionsExact: boolean
  /** Different keys among these records, an estimate: deleted ones included. */
  differentKeys?: number
  /** Keys that are there at its revision, an estimate: deleted ones are not counted. */
  liveKeys?: number
  keySample: { keys: string[]; prefixes: Record<string, number> }
  sizeBytes: number
  /** Only where the file keeps its list of free pages; etcd itself does not. See `scanDb`. */
  sizeInUseBytes?: number
  pageSize?: number
  /** Those that begin with `unusable` say that the database cannot be restored as it is. */
  findings: string[]
}

const TRIES = 3
const SAMPLED_KEYS = 12
const NEAR_ROOT_BYTES = 64 * 1024

/**
 * Reads some pages (less than 1 MB, whatever the size) and says what is in the database. Damage becomes findings, never
 * an error; an error is the source's own. A database that an etcd is writing meanwhile is read again.
 */
export async function peekDb(source: PageSource): Promise<DbPeek> {
  for (let left = TRIES; ; left--) {
    const peek = emptyPeek(source)
    const txid = await lookInto(source, peek)
    if (!peek.findings.some(isFatal) || !(await hasMoved(source, txid))) return peek
    if (left === 1) return { ...peek, findings: [MOVING, ...peek.findings.filter((finding) => !isFatal(finding))] }
  }
}

/** Not damaged: pages that were read one after the other are of different times. */
const MOVING = 'an etcd writes to it faster than it can be read: what it holds is not known'

const isFatal = (finding: string) => finding.startsWith('unusable')

function emptyPeek({ size }: PageSource): DbPeek {
  return {
    members: [],
    removedMembers: [],
    guess: 'unknown',
    revisionsExact: false,
    keySample: { keys: [], prefixes: {} },
    sizeBytes: size,
    findings: [],
  }
}

/** Gives the transaction that was looked at, also where damage ended the look. */
async function lookInto(source: PageSource, peek: DbPeek): Promise<bigint | undefined> {
  let txid: bigint | undefined
  try {
    const reader = memoReader(source)
    const { meta } = await metaOf(reader, peek)
    txid = meta.txid
    await primeRoot(reader, meta)
    const db = await openDb(reader)
    peek.findings.push(...db.findings)
    peek.pageSize = db.meta.pageSize
    await lookIntoDb(db, peek)
  } catch (error) {
    if (!isDamage(error)) throw error
    peek.findings.push(`unusable: ${error.message}`)
  }
  return txid
}

/** Notes why there is no database at all, where there is none. */
async function metaOf(source: PageSource, peek: DbPeek) {
  try {
    return await readMeta(source)
  } catch (error) {
    if (isDamage(error)) peek.lost = error.message
    throw error
  }
}

/** A commit writes the pages that it changes side by side as a rule: the root, and what hangs from it right before. */
async function primeRoot(reader: ReturnType<typeof memoReader>, { root, pageSize }: DbMeta): Promise<void> {
  const end = Math.min((root + 1) * pageSize, reader.size)
  const start = Math.max(0, end - NEAR_ROOT_BYTES)
  await reader.prime(start, end - start)
}

async function lookIntoDb(db: Db, peek: DbPeek): Promise<void> {
  const buckets = await readBuckets(db)
  peek.findings.push(...lackingBuckets(buckets))
  const [meta, flags] = await Promise.all([readEtcdMeta(db, buckets, peek.findings), readFlags(db, buckets)])
  takeMeta(peek, meta)
  Object.assign(peek, flags)
  peek.findings.push(...flagFindings(flags))
  const { members, compactRevision, scheduledCompactRevision } = meta
  await lookForFree(db, peek)
  peek.guess = guessCluster(members, [])
  const key = buckets.get('key')
  if (!key) return
  const sample = await sampleKeys(db, key, {
    leaves: db.meta.pageSize > 8192 ? 6 : 30,
    compactRevision,
  })
  peek.revision = Math.max(sample.last?.main ?? 0, compactRevision, scheduledCompactRevision, 1)
  peek.revisionsKept = sample.revisions
  peek.revisionsExact = sample.isExact
  peek.differentKeys = sample.differentKeys
  peek.liveKeys = sample.liveKeys
  peek.guess = guessCluster(members, sample.keys)
  peek.keySample = { keys: namesOf(sample.keys), prefixes: countPrefixes(sample.keys) }
  if (sample.last === undefined) peek.findings.push('empty: there are no keys in its database')
}

function takeMeta(peek: DbPeek, meta: EtcdMeta): void {
  const { clusterVersion, consistentIndex, term, compactRevision, members, removedMembers, unread } = meta
  Object.assign(peek, { compactRevision, members, removedMembers })
  if (!unread.includes('meta')) peek.consistentIndex = consistentIndex
  if (!unread.includes('members')) peek.learners = members.filter(({ isLearner }) => isLearner).map(({ id }) => id)
  if (term > 0) peek.term = term
  if (clusterVersion !== undefined) peek.etcdVersion = clusterVersion
}

/** Some keys, spread over the sample, cut to a printable length. */
export function namesOf(keys: Buffer[]): string[] {
  const step = Math.max(1, Math.floor(keys.length / SAMPLED_KEYS))
  return keys
    .filter((_, index) => index % step === 0)
    .slice(0, SAMPLED_KEYS)
    .map((key) => printable(key.toString('utf8', 0, 200)))
}

/** Control characters in a key must not reach a terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD')
}

/** A freelist page holds its length in `count`, or, from 65,535 on, in its first entry. */
async function lookForFree({ source, meta }: Db, peek: DbPeek): Promise<void> {
  const { freelist, pageSize, pages } = meta
  if (freelist === undefined || freelist >= pages) return
  const page = await source.read(freelist * pageSize, pageSize)
  const count = page.readUInt16LE(10)
  const free = count === 0xffff ? readUint64(page, 16) : count
  if (readUint64(page, 0) === freelist && free < pages) peek.sizeInUseBytes = (pages - free) * pageSize
}

async function hasMoved(source: PageSource, txid: bigint | undefined): Promise<boolean> {
  if (txid === undefined) return false
  try {
    return (await readMeta(source)).meta.txid !== txid
  } catch {
    return false
  }
}
