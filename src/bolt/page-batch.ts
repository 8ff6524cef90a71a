import { badPage } from './damage.ts'
import type { Db } from './db.ts'
import { type Page, parsePage } from './page.ts'

/** Reading a little that is not needed is cheaper than asking twice. */
const GAP_BYTES = 64 * 1024
const RUN_BYTES = 4 * 1024 * 1024

/** What the reads found for each id: a page, whose `body` may be short of its overflow, or what is wrong with it. */
export type Batch = Map<number, Page | Error>

/** Reads pages that lie anywhere with few reads, in the order of the file. */
export async function readBatch(db: Db, ids: readonly number[]): Promise<Batch> {
  const { pageSize, pages } = db.meta
  const batch: Batch = new Map()
  const inFile = ids.filter((id) => id >= 2 && id < pages).sort((a, b) => a - b)
  for (const id of ids) {
    if (id < 2 || id >= pages) batch.set(id, badPage(id, `it is referred to and the last page is ${pages - 1}`))
  }
  await Promise.all(
    runsOf(inFile, pageSize).map(async (run) => {
      const [first = 0] = run
      const bytes = await db.source.read(first * pageSize, ((run.at(-1) ?? first) + 1 - first) * pageSize)
      for (const id of run) batch.set(id, parse(bytes.subarray((id - first) * pageSize), id, db))
    }),
  )
  return batch
}

/** The whole of a page of which the batch may have only the beginning. */
export function wholePage(db: Db, page: Page): Page | Promise<Page> {
  if (page.body.length >= page.length) return page
  return db.source.read(page.id * db.meta.pageSize, page.length).then((body) => ({ ...page, body }))
}

function parse(bytes: Buffer, id: number, { meta }: Db): Page | Error {
  try {
    const page = parsePage(bytes, id, meta.pageSize, meta.pages)
    return { ...page, body: bytes.subarray(0, page.length) }
  } catch (error) {
    return error as Error
  }
}

function runsOf(ids: readonly number[], pageSize: number): number[][] {
  const runs: number[][] = []
  for (const id of ids) {
    const run = runs.at(-1)
    const isNear =
      run && (id - (run.at(-1) ?? 0)) * pageSize <= GAP_BYTES && (id - (run[0] ?? 0)) * pageSize < RUN_BYTES
    if (isNear) run.push(id)
    else runs.push([id])
  }
  return runs
}
