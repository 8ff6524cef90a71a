import { badPage } from './damage.ts'

/**
 * One page with its overflow, as bbolt writes it: a header of 16 bytes (id u64, flags u16, count u16, overflow u32), then
 * `count` elements of 16 bytes, then their keys and values. All little-endian.
 */
export interface Page {
  id: number
  kind: 'branch' | 'leaf'
  count: number
  /** Bytes of the page and its overflow. */
  length: number
  /** The page from its first byte; shorter than `length` when only its beginning was read. */
  body: Buffer
}

export const HEADER_BYTES = 16
export const ELEMENT_BYTES = 16
const BRANCH = 0x01
const LEAF = 0x02
/** etcd refuses requests over 1.5 MiB unless told otherwise; more than this is damage and not a value. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024
const MAX_KEY_BYTES = 32 * 1024

/** The header of a page of a tree, checked. `pages` is the database's first unused page id. */
export function parsePage(body: Buffer, id: number, pageSize: number, pages: number): Page {
  const found = readUint64(body, 0)
  if (found !== id) throw badPage(id, found === 0 ? 'it is empty' : `it says that it is page ${found}`)
  const flags = body.readUInt16LE(8)
  if (flags !== BRANCH && flags !== LEAF) throw badPage(id, `its type ${flags} does not belong in a tree`)
  const count = body.readUInt16LE(10)
  const overflow = body.readUInt32LE(12)
  const length = (overflow + 1) * pageSize
  if (id + overflow >= pages) throw badPage(id, `it reaches beyond the last page, ${pages - 1}`)
  if (length > MAX_PAGE_BYTES) throw badPage(id, `it claims ${length} bytes`)
  if (HEADER_BYTES + count * ELEMENT_BYTES > length) throw badPage(id, `it claims ${count} elements`)
  return { id, kind: flags === BRANCH ? 'branch' : 'leaf', count, length, body }
}

export interface Element {
  /** Offsets from the page's first byte. */
  keyStart: number
  keyEnd: number
  /** Equal to `keyEnd` in a branch. */
  valueEnd: number
  /** Leaf only: the value is a bucket. */
  isBucket: boolean
  /** Branch only, else 0. */
  child: number
}

/** One element's offsets, checked against the page's length. The element itself must be within `body`. */
export function elementAt(page: Page, index: number): Element {
  const at = HEADER_BYTES + index * ELEMENT_BYTES
  const isLeaf = page.kind === 'leaf'
  const { body } = page
  const keyStart = at + body.readUInt32LE(isLeaf ? at + 4 : at)
  const keyBytes = body.readUInt32LE(isLeaf ? at + 8 : at + 4)
  const keyEnd = keyStart + keyBytes
  const valueEnd = keyEnd + (isLeaf ? body.readUInt32LE(at + 12) : 0)
  if (keyBytes === 0 || keyBytes > MAX_KEY_BYTES)
    throw badPage(page.id, `element ${index} has a key of ${keyBytes} bytes`)
  if (keyStart < HEADER_BYTES + page.count * ELEMENT_BYTES || valueEnd > page.length) {
    throw badPage(page.id, `element ${index} reaches out of the page`)
  }
  const flags = isLeaf ? body.readUInt32LE(at) : 0
  if (flags > 1) throw badPage(page.id, `element ${index} has the unknown type ${flags}`)
  return { keyStart, keyEnd, valueEnd, isBucket: flags === 1, child: isLeaf ? 0 : readUint64(body, at + 8) }
}

/** Exact below 2^53; above, some number above 2^53, which no check lets pass. */
export function readUint64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32
}
