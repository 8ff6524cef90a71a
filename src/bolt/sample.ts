import { badPage } from './damage.ts'
import { type Bucket, bytesOf, type Db, readPageHead } from './db.ts'
import { type Revision, readRecordHead } from './kv.ts'
import { countLive, type Looked, revisionAt } from './live-keys.ts'
import { elementAt, type Page } from './page.ts'

const MAX_DEPTH = 64
/** Enough for a registry path, and for the numbers that come after it in a record. */
const HEAD_BYTES = 512
const KEYS_PER_LEAF = 4
/** Of this many leaves whose records are counted, one is looked into for keys. */
const COUNTED_PER_LOOKED = 3

export interface KeySample {
  /** The last record: the highest revision. */
  last?: Revision
  /** Records in the bucket, deletions included; exact for a bucket of one leaf, else an estimate. */
  revisions: number
  isExact: boolean
  /**
   * How many different keys these records are of, an estimate. An empty cluster's few keys are written again and again
   * (leases, leader elections), so its records say nothing of what it holds.
   */
  differentKeys: number
  /** Keys that are there at the last revision, an estimate: deleted ones are not counted. */
  liveKeys: number
  /** Names of some keys, spread over the bucket. */
  keys: Buffer[]
}

interface SampleOptions {
  leaves: number
  /** Up to here each key has one record, the newest. */
  compactRevision: number
}

/** The last revision and some keys of the bucket `key`, read from the few pages on the way to `leaves` of its leaves. */
export async function sampleKeys(
  db: Db,
  bucket: Bucket,
  { leaves, compactRevision }: SampleOptions,
): Promise<KeySample> {
  const last = await descend(db, bucket, 1)
  // the rightmost leaf is still being filled: estimate by the others
  const places = Array.from({ length: leaves - 1 }, (_, index) => (index + 0.5) / leaves)
  const isExact = last.widths.length === 0
  const others = isExact ? [] : await Promise.all(places.map((place) => descend(db, bucket, place)))
  const looked = [...others.filter((_, index) => index % COUNTED_PER_LOOKED === 0), last]
  const records = (await Promise.all(looked.map(({ leaf }) => recordsOf(db, leaf)))).flat()
  const revisions = isExact ? last.leaf.count : estimate(others)
  const keys = records.map(({ key }) => key)
  const differentKeys = countDifferent(records, revisions, compactRevision)
  const liveKeys = await countLive(db, lookedAt([...others, last], isExact), compactRevision)
  return { ...(await lastRevision(db, last.leaf)), revisions, isExact, differentKeys, liveKeys, keys }
}

function lookedAt(descents: readonly Descent[], isExact: boolean): Looked {
  const leaves = [...new Map(descents.map(({ leaf }) => [leaf.id, leaf])).values()]
  const branches = new Map(
    descents.flatMap(({ parent }) => (parent === undefined ? [] : [[parent.id, parent] as const])),
  )
  return { leaves, branches: [...branches.values()], leafCount: isExact ? 1 : leafCount(descents) }
}

/** Each key has one record that is its first: the one that the compaction kept, or the one that made it since. */
function countDifferent(records: readonly SampledRecord[], revisions: number, compactRevision: number): number {
  if (records.length === 0) return 0
  const firsts = records.filter(({ revision, version }) => revision.main <= compactRevision || version === 1)
  const seen = new Set(records.map(({ key }) => key.toString('latin1'))).size
  return Math.max(seen, Math.round((revisions * firsts.length) / records.length))
}

interface Descent {
  leaf: Page
  /** Children of each branch on the way. */
  widths: number[]
  /** The branch right above the leaf. */
  parent?: Page
}

/** Goes down to the leaf at a place between 0 (first) and 1 (last). */
async function descend(db: Db, bucket: Bucket, place: number): Promise<Descent> {
  const widths: number[] = []
  let parent: Page | undefined
  let page = bucket.inline ?? (await readPageHead(db, bucket.root))
  let within = place
  while (page.kind === 'branch') {
    if (page.count === 0) throw badPage(page.id, 'it is a branch without children')
    if (widths.push(page.count) > MAX_DEPTH) throw badPage(page.id, 'the tree is too deep')
    const index = Math.min(Math.floor(within * page.count), page.count - 1)
    within = Math.min(within * page.count - index, 1)
    parent = page
    page = await readPageHead(db, elementAt(page, index).child)
  }
  return { leaf: page, widths, ...(parent === undefined ? {} : { parent }) }
}

async function lastRevision(db: Db, leaf: Page): Promise<{ last?: Revision }> {
  return leaf.count === 0 ? {} : { last: await revisionAt(db, leaf, leaf.count - 1) }
}

interface SampledRecord {
  revision: Revision
  key: Buffer
  version?: number
}

async function recordsOf(db: Db, leaf: Page): Promise<SampledRecord[]> {
  const step = Math.max(1, Math.floor(leaf.count / KEYS_PER_LEAF))
  const records: SampledRecord[] = []
  for (let index = 0; index < leaf.count && records.length < KEYS_PER_LEAF; index += step) {
    const { keyEnd, valueEnd } = elementAt(leaf, index)
    const head = readRecordHead(await bytesOf(db, leaf, keyEnd, Math.min(valueEnd, keyEnd + HEAD_BYTES)))
    if (head) records.push({ ...head, key: Buffer.from(head.key), revision: await revisionAt(db, leaf, index) })
  }
  return records
}

const meanOf = (descents: readonly Descent[], of: (descent: Descent) => number) =>
  descents.reduce((sum, descent) => sum + of(descent), 0) / descents.length

/** The mean of what each way down says: records of its leaf times the leaves. */
const estimate = (descents: readonly Descent[]): number =>
  Math.round(meanOf(descents, ({ leaf }) => leaf.count) * leafCount(descents))

/** The widths of the branches, each level's mean, multiplied. */
function leafCount(descents: readonly Descent[]): number {
  const depth = Math.max(...descents.map(({ widths }) => widths.length))
  let total = 1
  for (let level = 0; level < depth; level++) total *= meanOf(descents, ({ widths }) => widths[level] ?? 1)
  return total
}
