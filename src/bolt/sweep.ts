import { badPage, isDamage, MAX_FINDINGS } from './damage.ts'
import { type Bucket, type Db, readPage } from './db.ts'
import { checkLeaf, compareBytes } from './leaf.ts'
import { elementAt, type Page } from './page.ts'
import { type Batch, readBatch, wholePage } from './page-batch.ts'
import { claimPages, type WalkOptions } from './walk.ts'

const MAX_DEPTH = 64
/** Children of a branch that are read together while those before are at work: about 256 KiB. */
const GROUP = 64

/**
 * All leaves of a bucket from the last to the first, in groups, checked for what a tree must be: every
 * page used once, keys ascending and within their parent's range, elements within their page and apart. Backwards, because then the
 * first record that is met of a key is its latest: one pass tells which keys live. A page is valid until the next group
 * is asked for.
 */
export async function* sweepLeaves(db: Db, bucket: Bucket, options: WalkOptions): AsyncGenerator<Page[]> {
  const sweep: Sweep = { db, options, after: undefined, ahead: new Map() }
  const root = await attempt(sweep, async () => bucket.inline ?? (await readPage(db, bucket.root)))
  if (!root) return
  if (!bucket.inline && !(await attempt(sweep, async () => claim(sweep, root)))) return
  if (root.kind === 'branch') yield* sweepBranch(sweep, root, {}, 0)
  else if (await attempt(sweep, async () => take(sweep, root, {}))) yield [root]
}

interface Sweep {
  db: Db
  options: WalkOptions
  /** The first key of the leaf that follows. */
  after: Buffer | undefined
  /** The first group of the branch that comes next, by its page: read while the one before is at work. */
  ahead: Map<number, Promise<Batch>>
}

interface Range {
  lowest?: Buffer | undefined
  highest?: Buffer | undefined
}

interface Child extends Range {
  id: number
}

async function* sweepBranch(sweep: Sweep, page: Page, range: Range, depth: number): AsyncGenerator<Page[]> {
  const children = await attempt(sweep, async () => childrenOf(page, range, depth))
  if (!children) return
  const groups = groupsOf(children.reverse())
  let reading = sweep.ahead.get(page.id) ?? (groups[0] && quiet(readBatch(sweep.db, idsOf(groups[0]))))
  sweep.ahead.delete(page.id)
  for (const [index, group] of groups.entries()) {
    sweep.options.signal?.throwIfAborted()
    const batch = (await reading) as Batch
    const next = groups[index + 1]
    reading = next && quiet(readBatch(sweep.db, idsOf(next)))
    yield* sweepGroup(sweep, group, batch, depth)
  }
}

async function* sweepGroup(sweep: Sweep, group: Child[], batch: Batch, depth: number): AsyncGenerator<Page[]> {
  let ready: Page[] = []
  for (const [at, child] of group.entries()) {
    const found = batch.get(child.id)
    const isWhole = found !== undefined && !(found instanceof Error) && found.body.length >= found.length
    if (isWhole && found.kind === 'leaf') {
      if (guarded(sweep, () => takeNew(sweep, found, child))) ready.push(found)
      continue
    }
    if (ready.length > 0) yield ready
    ready = []
    lookAhead(sweep, batch.get(group[at + 1]?.id ?? 0))
    yield* sweepOther(sweep, found, child, depth)
  }
  if (ready.length > 0) yield ready
}

/** Begins to read the last children of a branch. What is wrong with it is said when its turn comes. */
function lookAhead({ db, ahead }: Sweep, page: Page | Error | undefined): void {
  if (!page || page instanceof Error || page.kind !== 'branch' || page.body.length < page.length) return
  const ids: number[] = []
  try {
    for (let index = Math.max(0, page.count - GROUP); index < page.count; index++)
      ids.push(elementAt(page, index).child)
  } catch {
    return
  }
  ahead.clear()
  ahead.set(page.id, quiet(readBatch(db, ids)))
}

/** A branch, a page with more overflow than was read, or a damaged one. */
async function* sweepOther(
  sweep: Sweep,
  found: Page | Error | undefined,
  child: Child,
  depth: number,
): AsyncGenerator<Page[]> {
  const page = await attempt(sweep, async () => {
    if (!found || found instanceof Error) throw found ?? badPage(child.id, 'it was not read')
    const whole = await wholePage(sweep.db, found)
    if (whole.kind === 'branch') claim(sweep, whole)
    else takeNew(sweep, whole, child)
    return whole
  })
  if (page?.kind === 'branch') yield* sweepBranch(sweep, page, child, depth + 1)
  else if (page) yield [page]
}

function childrenOf(page: Page, range: Range, depth: number): Child[] {
  if (page.count === 0) throw badPage(page.id, 'it is a branch without children')
  if (depth > MAX_DEPTH) throw badPage(page.id, 'the tree is too deep')
  const keys: Buffer[] = []
  const ids: number[] = []
  for (let index = 0, claimed = 0; index < page.count; index++) {
    const { keyStart, keyEnd, child } = elementAt(page, index)
    claimed += keyEnd - keyStart
    if (claimed > page.length) throw badPage(page.id, 'its elements overlap')
    keys.push(Buffer.from(page.body.subarray(keyStart, keyEnd)))
    ids.push(child)
  }
  checkKeys(page, keys, range)
  return ids.map((id, index) => ({ id, lowest: keys[index], highest: keys[index + 1] ?? range.highest }))
}

function checkKeys(page: Page, keys: Buffer[], { lowest, highest }: Range): void {
  for (let at = 1; at < keys.length; at++) {
    if (Buffer.compare(keys[at - 1] as Buffer, keys[at] as Buffer) >= 0)
      throw badPage(page.id, 'its keys are not in order')
  }
  if (lowest && Buffer.compare(lowest, keys[0] as Buffer) > 0) throw badPage(page.id, "its keys are below its parent's")
  if (highest && Buffer.compare(keys.at(-1) as Buffer, highest) >= 0)
    throw badPage(page.id, "its keys are above its parent's")
}

function takeNew(sweep: Sweep, page: Page, child: Child): true {
  claim(sweep, page)
  return take(sweep, page, child)
}

/** Checks a leaf against itself, its parent and its neighbour. */
function take(sweep: Sweep, page: Page, { lowest, highest }: Range): true {
  const ends = checkLeaf(page)
  if (!ends) return true
  const { body } = page
  const [firstStart, firstEnd, lastStart, lastEnd] = ends
  if (lowest && compareBytes(lowest, 0, lowest.length, body, firstStart, firstEnd) > 0)
    throw badPage(page.id, "its keys are below its parent's")
  if (highest && compareBytes(body, lastStart, lastEnd, highest, 0, highest.length) >= 0)
    throw badPage(page.id, "its keys are above its parent's")
  const { after } = sweep
  if (after && compareBytes(body, lastStart, lastEnd, after, 0, after.length) >= 0)
    throw badPage(page.id, 'its keys are not in order')
  sweep.after = Buffer.from(body.subarray(firstStart, firstEnd))
  return true
}

function claim({ db, options }: Sweep, page: Page): true {
  claimPages(options.used, page.id, page.length / db.meta.pageSize)
  return true
}

function guarded<T>({ options }: Sweep, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    note(options, error)
    return undefined
  }
}

async function attempt<T>({ options }: Sweep, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    note(options, error)
    return undefined
  }
}

/** Keeps damage as a finding where that is asked for, else throws it. */
export function note({ tolerant, findings }: WalkOptions, error: unknown): void {
  if (!tolerant || !isDamage(error)) throw error
  if (findings.length < MAX_FINDINGS) findings.push(`unusable: ${error.message}`)
}

function groupsOf(children: Child[]): Child[][] {
  const groups: Child[][] = []
  for (let at = 0; at < children.length; at += GROUP) groups.push(children.slice(at, at + GROUP))
  return groups
}

const idsOf = (children: Child[]) => children.map(({ id }) => id)

/** It may never be awaited, when the pass ends early. */
function quiet<T>(reading: Promise<T>): Promise<T> {
  reading.catch(() => {})
  return reading
}
