import { badPage, isDamage, MAX_FINDINGS } from './damage.ts'
import { type Bucket, type Db, readPage } from './db.ts'
import { type Element, elementAt, type Page } from './page.ts'

/** bbolt's trees have at least two children a branch; 64 levels are more than any file can hold. */
const MAX_DEPTH = 64

export interface WalkOptions {
  /** Go on after a damaged page, without what lies below it, and keep it as a finding. Default: throw. */
  tolerant: boolean
  findings: string[]
  /** One bit for each page that some tree uses: a page with two parents is damage, and so is a cycle. */
  used: Uint8Array
  signal?: AbortSignal | undefined
}

/** Called for each leaf, in key order. The page is valid only during the call. */
export type OnLeaf = (page: Page, elements: readonly Element[]) => void | Promise<void>

/**
 * Visits every leaf of a bucket, page by page in bounded memory, and checks what a tree must be: every page used once,
 * keys ascending, children within their parent's range, elements within their page and not overlapping.
 */
export async function walkBucket(db: Db, bucket: Bucket, options: WalkOptions, onLeaf: OnLeaf): Promise<void> {
  const walk: Walk = { db, options, onLeaf, lastKey: Buffer.alloc(0) }
  if (bucket.inline) return guarded(walk, async () => visitLeaf(walk, bucket.inline as Page))
  await visit(walk, bucket.root, {}, 0)
}

interface Walk {
  db: Db
  options: WalkOptions
  onLeaf: OnLeaf
  lastKey: Buffer
}

/** What a parent says of a child's keys: from `lowest` on, below `highest`. */
interface Range {
  lowest?: Buffer | undefined
  highest?: Buffer | undefined
}

async function visit(walk: Walk, id: number, range: Range, depth: number): Promise<void> {
  await guarded(walk, async () => {
    walk.options.signal?.throwIfAborted()
    if (depth > MAX_DEPTH) throw badPage(id, 'the tree is too deep')
    const page = await readPage(walk.db, id)
    claim(walk, page)
    if (page.kind === 'leaf') return visitLeaf(walk, page, range)
    return visitBranch(walk, page, range, depth)
  })
}

async function visitBranch(walk: Walk, page: Page, range: Range, depth: number): Promise<void> {
  if (page.count === 0) throw badPage(page.id, 'it is a branch without children')
  const elements = readElements(page)
  // copies: the page may be one of a block that is reused while its children are read
  const children = elements.map(({ keyStart, keyEnd, child }) => ({
    child,
    key: Buffer.from(page.body.subarray(keyStart, keyEnd)),
  }))
  for (const [index, { child, key }] of children.entries()) {
    await visit(walk, child, { lowest: key, highest: children[index + 1]?.key ?? range.highest }, depth + 1)
  }
}

async function visitLeaf(walk: Walk, page: Page, range: Range = {}): Promise<void> {
  const elements = readElements(page)
  checkOrder(walk, page, elements, range)
  await walk.onLeaf(page, elements)
}

/** All elements of a page. What they claim together is bounded by the page, so no page costs more than its length. */
function readElements(page: Page): Element[] {
  const elements: Element[] = []
  let claimed = 0
  for (let index = 0; index < page.count; index++) {
    const element = elementAt(page, index)
    claimed += element.valueEnd - element.keyStart
    if (claimed > page.length) throw badPage(page.id, 'its elements overlap')
    elements.push(element)
  }
  return elements
}

function checkOrder(walk: Walk, page: Page, elements: readonly Element[], { lowest, highest }: Range): void {
  let previous = walk.lastKey
  for (const [index, { keyStart, keyEnd }] of elements.entries()) {
    const key = page.body.subarray(keyStart, keyEnd)
    if (Buffer.compare(previous, key) >= 0) throw badPage(page.id, 'its keys are not in order')
    if (index === 0 && lowest && Buffer.compare(lowest, key) > 0)
      throw badPage(page.id, "its keys are below its parent's")
    previous = key
  }
  if (highest && Buffer.compare(previous, highest) >= 0) throw badPage(page.id, "its keys are above its parent's")
  walk.lastKey = Buffer.from(previous)
}

/** Marks a page and its overflow as used. */
function claim({ db, options }: Walk, page: Page): void {
  claimPages(options.used, page.id, page.length / db.meta.pageSize)
}

export function claimPages(used: Uint8Array, id: number, count: number): void {
  for (let at = id; at < id + count; at++) {
    const bit = 1 << (at & 7)
    const byte = used[at >> 3] ?? 0
    if (byte & bit) throw badPage(id, 'it is used twice')
    used[at >> 3] = byte | bit
  }
}

async function guarded({ options }: Walk, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!options.tolerant || !isDamage(error)) throw error
    if (options.findings.length < MAX_FINDINGS) options.findings.push(`unusable: ${error.message}`)
  }
}
