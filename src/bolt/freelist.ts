import { badPage } from './damage.ts'
import type { Db } from './db.ts'
import { readUint64 } from './page.ts'
import { claimPages } from './walk.ts'

const HEADER = 16
const FREELIST = 0x10
const MANY = 0xffff

export interface FreePages {
  /** Pages that no tree reaches, below the last page ever used. */
  free: number
  /** Pages that are neither reached nor listed as free: lost room, no lost data. `undefined` without a list. */
  leaked?: number
}

/**
 * Counts free pages. Where the file keeps its list of them (etcd does not; `defrag` and older bbolt may), no page may be
 * on it and in a tree: bbolt would overwrite it. `COPY_CORRUPT` names the page.
 */
export async function readFreePages(db: Db, used: Uint8Array): Promise<FreePages> {
  const { freelist, pages, pageSize } = db.meta
  if (freelist === undefined) return { free: pages - countBits(used) }
  if (freelist < 2 || freelist >= pages) throw badPage(freelist, 'the list of free pages is not in the file')
  const head = await db.source.read(freelist * pageSize, pageSize)
  const overflow = head.readUInt32LE(12)
  if (readUint64(head, 0) !== freelist || head.readUInt16LE(8) !== FREELIST || freelist + overflow >= pages)
    throw badPage(freelist, 'it is not the list of free pages')
  claimPages(used, freelist, overflow + 1)
  const free = pages - countBits(used)
  const listed = await countListed(db, freelist, (overflow + 1) * pageSize, used)
  return { free, leaked: free - listed }
}

async function countListed(db: Db, id: number, bytes: number, used: Uint8Array): Promise<number> {
  const body = await db.source.read(id * db.meta.pageSize, bytes)
  const small = body.readUInt16LE(10)
  const first = small === MANY ? HEADER + 8 : HEADER
  const count = small === MANY ? readUint64(body, HEADER) : small
  if (first + count * 8 > bytes) throw badPage(id, `it claims ${count} free pages`)
  for (let at = first, before = 1; at < first + count * 8; at += 8) {
    const page = readUint64(body, at)
    if (page <= before || page >= db.meta.pages) throw badPage(id, 'the list of free pages is not in order')
    if ((used[page >> 3] ?? 0) & (1 << (page & 7))) throw badPage(page, 'it is in use and on the list of free pages')
    before = page
  }
  return count
}

export function countBits(bits: Uint8Array): number {
  let count = 0
  for (let byte of bits) for (; byte; byte &= byte - 1) count++
  return count
}
