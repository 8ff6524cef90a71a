import { badFile } from './damage.ts'
import type { PageSource } from './source.ts'

/** bbolt's meta page: 16 bytes of page header, then these fields, little-endian. */
export interface DbMeta {
  pageSize: number
  /** The page of the root bucket. */
  root: number
  /** The page of the freelist; `undefined` when it is not kept in the file (etcd does so since 3.4). */
  freelist?: number
  /** The first page id that was never used: all pages lie below. */
  pages: number
  txid: bigint
}

const HEADER = 16
const META_BYTES = 64
/** The type of a meta page. */
const META = 0x04
const MAGIC = 0xed0cdaed
const VERSION = 2
const NO_FREELIST = 2n ** 64n - 1n
const MIN_PAGE = 1024
const MAX_PAGE = 65536
/** Of nearly every machine that runs Linux. */
const USUAL_PAGE = 4096

/** Reads both meta pages and takes the valid one of the later transaction. `COPY_CORRUPT` when there is none. */
export async function readMeta(source: PageSource): Promise<{ meta: DbMeta; findings: string[] }> {
  if (source.isMissing) throw badFile('there is no database file')
  if (source.size === 0) throw badFile('the database file is empty')
  if (source.size < 4 * MIN_PAGE) throw badFile(`the database file has only ${source.size} bytes`)
  const head = await readHead(source)
  const first = parseMeta(head, 0)
  const second = first ? parseMeta(head, first.pageSize) : findSecond(head)
  const best = first && second ? (first.txid > second.txid ? first : second) : (first ?? second)
  if (!best) throw badFile(whyNone(head))
  const findings = first && second ? [] : ['one of the two meta pages is damaged: the last transaction may be lost']
  checkMeta(best, source.size)
  findings.push(...checkHeaders(head, best.pageSize))
  return { meta: best, findings }
}

/**
 * Where the fields lie of the meta page of the last transaction, when that of the one before is whole too: without them
 * bbolt takes that one, whose pages are all still there. `undefined`: there is only one, or none.
 */
export async function newerMeta(source: PageSource): Promise<{ offset: number; bytes: number } | undefined> {
  if (source.size < 4 * MIN_PAGE) return undefined
  const head = await readHead(source)
  const first = parseMeta(head, 0)
  const second = first && parseMeta(head, first.pageSize)
  if (!first || !second) return undefined
  return { offset: HEADER + (first.txid > second.txid ? 0 : first.pageSize), bytes: META_BYTES }
}

/** Both meta pages of the usual page size, else of every one that there is. */
async function readHead(source: PageSource): Promise<Buffer> {
  const usual = await source.read(0, Math.min(source.size, 2 * USUAL_PAGE))
  if (parseMeta(usual, 0)?.pageSize === USUAL_PAGE) return usual
  return source.read(0, Math.min(source.size, MAX_PAGE + HEADER + META_BYTES))
}

/** The second meta page when the first, which tells the page size, cannot be read. */
function findSecond(head: Buffer): DbMeta | undefined {
  for (let size = MIN_PAGE; size <= MAX_PAGE; size *= 2) {
    const meta = parseMeta(head, size)
    if (meta?.pageSize === size) return meta
  }
  return undefined
}

function parseMeta(head: Buffer, offset: number): DbMeta | undefined {
  const at = offset + HEADER
  if (at + META_BYTES > head.length) return undefined
  if (head.readUInt32LE(at) !== MAGIC || head.readUInt32LE(at + 4) !== VERSION) return undefined
  if (fnv64a(head.subarray(at, at + 56)) !== head.readBigUInt64LE(at + 56)) return undefined
  const freelist = head.readBigUInt64LE(at + 32)
  return {
    pageSize: head.readUInt32LE(at + 8),
    root: Number(head.readBigUInt64LE(at + 16)),
    ...(freelist === NO_FREELIST ? {} : { freelist: Number(freelist) }),
    pages: Number(head.readBigUInt64LE(at + 40)),
    txid: head.readBigUInt64LE(at + 48),
  }
}

/** etcd opens a database whose meta pages have damaged headers; its tools refuse to check one. */
function checkHeaders(head: Buffer, pageSize: number): string[] {
  return [0, 1].flatMap((id) => {
    const at = id * pageSize
    const isRight =
      head.readUInt32LE(at) === id && head.readUInt32LE(at + 4) === 0 && head.readUInt16LE(at + 8) === META
    return isRight ? [] : [`page ${id}: the header of this meta page is damaged`]
  })
}

function checkMeta(meta: DbMeta, size: number): void {
  const { pageSize, pages } = meta
  const isPower = (pageSize & (pageSize - 1)) === 0
  if (pageSize < MIN_PAGE || pageSize > MAX_PAGE || !isPower) throw badFile(`the page size ${pageSize} cannot be right`)
  if (pages * pageSize > size) {
    throw badFile(`the database file is truncated: it has ${size} bytes and its last transaction ${pages * pageSize}`)
  }
}

function whyNone(head: Buffer): string {
  if (head.every((byte) => byte === 0)) return 'the database file begins with zeros'
  const isDb = head.readUInt32LE(HEADER) === MAGIC
  return isDb ? 'both meta pages of the database are damaged' : 'this is not an etcd database file'
}

function fnv64a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
