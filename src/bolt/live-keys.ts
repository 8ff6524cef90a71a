import { badPage } from './damage.ts'
import { bytesOf, type Db, readPageHead } from './db.ts'
import { type RecordHead, type Revision, readRecordHead, readRevision } from './kv.ts'
import { elementAt, type Page } from './page.ts'

/** Enough for a registry path, and for the numbers that come after it in a record. */
const HEAD_BYTES = 512
/** Of a leaf that is longer than what was read of it, so many records are fetched one by one. */
const FAR_RECORDS = 4
/** What may be read to count: leaves of many records are longer, so fewer of them are read. */
const BUDGET_BYTES = 256 * 1024
const MARKED_BYTES = 18

/** How the bucket was looked into: the way down to each leaf, and what is told of all leaves. */
export interface Looked {
  leaves: readonly Page[]
  /** The lowest branches on the way, each once. */
  branches: readonly Page[]
  /** How many leaves the bucket has, an estimate. */
  leafCount: number
}

/**
 * Keys that are there at the last revision, an estimate; exact in a bucket of few leaves. A key is made by a record of
 * version 1, or is the one record that a compaction left of it, and a deletion ends it: so what was deleted, and what
 * was made again, is not counted. Deletions are small and lie close together, so the leaves that begin with one are
 * counted apart from the others, by the branches above them.
 */
export async function countLive(db: Db, looked: Looked, compactRevision: number): Promise<number> {
  const balances = async (pages: readonly Page[]) =>
    Promise.all(pages.map((page) => balanceOf(db, page, compactRevision)))
  const [only] = looked.branches
  if (only === undefined) return atLeast0(sum(await balances(looked.leaves)))
  const children = looked.branches.flatMap((branch) => childrenOf(branch))
  const affordable = Math.floor(BUDGET_BYTES / meanBytes(looked.leaves))
  // a tree of one branch whose leaves can all be read: then the number is exact
  if (looked.branches.length === 1 && looked.leafCount === only.count && only.count <= affordable)
    return atLeast0(sum(await balances(await pagesOf(db, children))))
  const kinds = [true, false].map((isMarked) => children.filter((child) => child.isMarked === isMarked))
  const totals = await Promise.all(
    kinds.map(async (kind) => {
      const found = await balances(await pagesOf(db, spread(kind, Math.ceil(affordable / 2))))
      return found.length === 0 ? 0 : (sum(found) / found.length) * looked.leafCount * (kind.length / children.length)
    }),
  )
  return atLeast0(sum(totals))
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
const atLeast0 = (value: number) => Math.max(0, Math.round(value))

interface Child {
  page: number
  /** Its first record is a deletion. */
  isMarked: boolean
}

function childrenOf(branch: Page): Child[] {
  return Array.from({ length: branch.count }, (_, index) => {
    const { child, keyStart, keyEnd } = elementAt(branch, index)
    return { page: child, isMarked: keyEnd - keyStart === MARKED_BYTES }
  })
}

/** Of what is read of a leaf. */
const meanBytes = (leaves: readonly Page[]) => sum(leaves.map(({ body }) => body.length)) / leaves.length

function spread(children: readonly Child[], wanted: number): Child[] {
  const step = Math.max(1, children.length / wanted)
  const picked = Math.min(children.length, wanted)
  return Array.from({ length: picked }, (_, at) => children[Math.floor((at + 0.5) * step)] ?? children[at]).filter(
    (child) => child !== undefined,
  )
}

const pagesOf = (db: Db, children: readonly Child[]) => Promise.all(children.map(({ page }) => readPageHead(db, page)))

/** Keys that the records of a leaf make, less those that they end. */
async function balanceOf(db: Db, leaf: Page, compactRevision: number): Promise<number> {
  const { puts, ended, looked } = await headsOf(db, leaf, compactRevision)
  const made = looked.filter(({ revision, version }) => revision.main <= compactRevision || version === 1).length
  return (looked.length === 0 ? 0 : (puts * made) / looked.length) - ended
}

type Head = RecordHead & { revision: Revision }

async function headsOf(db: Db, leaf: Page, compactRevision: number) {
  const looked: Head[] = []
  let [puts, ended, far] = [0, 0, 0]
  for (let index = 0; index < leaf.count; index++) {
    const revision = await revisionAt(db, leaf, index)
    if (revision.tombstone) {
      // what it ended was removed by the compaction
      if (revision.main > compactRevision) ended++
      continue
    }
    puts++
    const { keyEnd, valueEnd } = elementAt(leaf, index)
    const end = Math.min(valueEnd, keyEnd + HEAD_BYTES)
    if (end > leaf.body.length && ++far > FAR_RECORDS) continue
    const head = readRecordHead(await bytesOf(db, leaf, keyEnd, end))
    if (head) looked.push({ ...head, revision })
  }
  return { puts, ended, looked }
}

/** The revision that is the key of a record. */
export async function revisionAt(db: Db, leaf: Page, index: number): Promise<Revision> {
  const { keyStart, keyEnd } = elementAt(leaf, index)
  const key = await bytesOf(db, leaf, keyStart, keyEnd)
  try {
    return readRevision(key, 0, key.length)
  } catch (error) {
    throw badPage(leaf.id, error instanceof Error ? error.message : String(error))
  }
}
