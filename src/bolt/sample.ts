import { badPage } from './damage.ts'
import { type Bucket, bytesOf, type Db, readPageHead } from './db.ts'
import { type Revision, readKeyOnly, readRevision } from './kv.ts'
import { elementAt, type Page } from './page.ts'

const MAX_DEPTH = 64
/** Enough for a registry path and what comes before it in a record. */
const KEY_BYTES = 512
const KEYS_PER_LEAF = 4
/** Of this many leaves whose records are counted, one is looked into for keys. */
const COUNTED_PER_LOOKED = 3

export interface KeySample {
  /** The last record: the highest revision. */
  last?: Revision
  /** Records in the bucket, deletions included; exact for a bucket of one leaf, else an estimate. */
  revisions: number
  isExact: boolean
  /** Names of some keys, spread over the bucket. */
  keys: Buffer[]
}

/** The last revision and some keys of the bucket `key`, read from the few pages on the way to `leaves` of its leaves. */
export async function sampleKeys(db: Db, bucket: Bucket, leaves: number): Promise<KeySample> {
  const last = await descend(db, bucket, 1)
  // the rightmost leaf is still being filled: estimate by the others
  const places = Array.from({ length: leaves - 1 }, (_, index) => (index + 0.5) / leaves)
  const isExact = last.widths.length === 0
  const others = isExact ? [] : await Promise.all(places.map((place) => descend(db, bucket, place)))
  const looked = [...others.filter((_, index) => index % COUNTED_PER_LOOKED === 0), last]
  const keys = await Promise.all(looked.map(({ leaf }) => keysOf(db, leaf)))
  const revisions = isExact ? last.leaf.count : estimate(others)
  return { ...(await lastRevision(db, last.leaf)), revisions, isExact, keys: keys.flat() }
}

interface Descent {
  leaf: Page
  /** Children of each branch on the way. */
  widths: number[]
}

/** Goes down to the leaf at a place between 0 (first) and 1 (last). */
async function descend(db: Db, bucket: Bucket, place: number): Promise<Descent> {
  const widths: number[] = []
  let page = bucket.inline ?? (await readPageHead(db, bucket.root))
  let within = place
  while (page.kind === 'branch') {
    if (page.count === 0) throw badPage(page.id, 'it is a branch without children')
    if (widths.push(page.count) > MAX_DEPTH) throw badPage(page.id, 'the tree is too deep')
    const index = Math.min(Math.floor(within * page.count), page.count - 1)
    within = Math.min(within * page.count - index, 1)
    page = await readPageHead(db, elementAt(page, index).child)
  }
  return { leaf: page, widths }
}

async function lastRevision(db: Db, leaf: Page): Promise<{ last?: Revision }> {
  if (leaf.count === 0) return {}
  const { keyStart, keyEnd } = elementAt(leaf, leaf.count - 1)
  const key = await bytesOf(db, leaf, keyStart, keyEnd)
  try {
    return { last: readRevision(key, 0, key.length) }
  } catch (error) {
    throw badPage(leaf.id, error instanceof Error ? error.message : String(error))
  }
}

async function keysOf(db: Db, leaf: Page): Promise<Buffer[]> {
  const step = Math.max(1, Math.floor(leaf.count / KEYS_PER_LEAF))
  const keys: Buffer[] = []
  for (let index = 0; index < leaf.count && keys.length < KEYS_PER_LEAF; index += step) {
    const { keyEnd, valueEnd } = elementAt(leaf, index)
    const key = readKeyOnly(await bytesOf(db, leaf, keyEnd, Math.min(valueEnd, keyEnd + KEY_BYTES)))
    if (key) keys.push(Buffer.from(key))
  }
  return keys
}

/** The mean of what each way down says: records of its leaf times the widths of its branches. */
function estimate(descents: Descent[]): number {
  const mean = (of: (descent: Descent) => number) =>
    descents.reduce((sum, descent) => sum + of(descent), 0) / descents.length
  const depth = Math.max(...descents.map(({ widths }) => widths.length))
  let total = mean(({ leaf }) => leaf.count)
  for (let level = 0; level < depth; level++) total *= mean(({ widths }) => widths[level] ?? 1)
  return Math.round(total)
}
