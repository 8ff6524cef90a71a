import { countedSource, type PageSource } from './source.ts'
import { scanWal, scanWalFrom, type WalScan, type WalScanOptions } from './wal.ts'
import { peekWal } from './wal-head.ts'
import { FRAME_BYTES } from './wal-record.ts'
import { resync } from './wal-resync.ts'
import { findUsedEnd } from './wal-used.ts'

export interface WalTail extends Omit<WalScan, 'entries' | 'firstIndex'> {
  /**
   * `tail`: only the last records were read and checked, and nothing is said of those before. `full`: the whole file
   * was, because it is short, torn, or its last records are very large.
   */
  method: 'tail' | 'full'
  /** The lowest entry that was read: entries before it are not in `writesAfter`. */
  seenFrom?: number
  /** There is no record in it: 0 bytes, or zeros where the first should be, at which etcd stops reading. */
  isEmpty: boolean
  /** `writesAfter` counts every write after `afterIndex` that is in this file. */
  writesExact: boolean
  bytesRead: number
}

export interface WalTailOptions {
  /** Count writes after this index: the database's consistent index, which may still be on its way. Without it none are. */
  afterIndex?: number | undefined | Promise<number | undefined>
  signal?: AbortSignal
}

const HEAD_BYTES = 512
/** Windows before the end that are tried in turn. The last one takes records of etcd's largest default request twice. */
const WINDOWS = [64 * 1024, 512 * 1024, 4 * 1024 * 1024]
/** Entries that the database lacks are looked for this far back; etcd commits at least every 100 ms. */
const COUNT_WINDOW = 512 * 1024
/** Of the zeros behind the last record. */
const BEYOND_BYTES = 4096

/**
 * The end of a preallocated WAL file: last entry, last hard state, clean or torn, as `scanWal` gives them, from less
 * than 256 KiB as a rule. Finds where the zeros begin by probing, then in the bytes before them a record whose CRC
 * goes on in the next: etcd chains them (FACTS 2), so two that fit prove a boundary, and from there to the end every
 * record is checked. Never throws for what is in the file; an error is the source's own.
 */
export async function walTail(source: PageSource, options: WalTailOptions = {}): Promise<WalTail> {
  const counted = countedSource(source)
  const [head, used] = await Promise.all([counted.read(0, Math.min(HEAD_BYTES, source.size)), findUsedEnd(counted)])
  let end: End = { start: used, content: Buffer.alloc(0) }
  const afterIndex = await options.afterIndex
  const { signal } = options
  const found: WalScanOptions = { ...(signal && { signal }), ...(afterIndex === undefined ? {} : { afterIndex }) }
  for (const window of WINDOWS) {
    if (used <= window) break
    end = await widen(counted, end, used - window)
    const scan = await tailFrom(counted, end, used, found)
    if (!scan) continue
    const isExact = afterIndex !== undefined && (scan.firstIndex ?? 0) <= afterIndex + 1
    if (afterIndex !== undefined && !isExact && window < COUNT_WINDOW) continue
    return result(
      { ...peekWal(head), ...scan },
      { method: 'tail', isEmpty: false, writesExact: isExact, bytesRead: counted.bytesRead() },
    )
  }
  const full = await scanWal(counted, { ...found, chunkBytes: chunkFor(used) })
  const isEmpty = head.subarray(0, FRAME_BYTES).every((byte) => byte === 0)
  return result(full, {
    method: 'full',
    isEmpty,
    writesExact: afterIndex !== undefined,
    bytesRead: counted.bytesRead(),
  })
}

/** The last bytes of what is used. */
interface End {
  start: number
  content: Buffer
}

/** From `from` on, or up to 7 bytes before it, as records begin at multiples of 8. Only what is missing is read. */
async function widen(source: PageSource, { start, content }: End, from: number): Promise<End> {
  const begin = from - (from % 8)
  return { start: begin, content: Buffer.concat([await source.read(begin, start - begin), content]) }
}

/** The used part of a short file at once, and no megabyte of zeros behind it. */
const chunkFor = (used: number) => (used <= (WINDOWS[0] ?? 0) ? used + 1024 : 8 * 1024 * 1024)

/** The records from somewhere in these bytes on; `undefined` when they are too few to tell, or do not end well. */
async function tailFrom(
  source: PageSource,
  { start, content }: End,
  used: number,
  options: WalScanOptions,
): Promise<WalScan | undefined> {
  for (const boundary of resync(content)) {
    options.signal?.throwIfAborted()
    const at = { offset: start + boundary.offset, crc: boundary.crc }
    const scan = await scanWalFrom(overlay(source, start, content), at, { chunkBytes: BEYOND_BYTES, ...options })
    // records within a value can look right, and then end before the file's do
    if (scan.end !== 'clean' || scan.usedBytes < used - 8) continue
    return scan.lastIndex !== undefined && scan.commit !== undefined ? scan : undefined
  }
  return undefined
}

/** Does not ask the source again for what is at hand. */
function overlay(source: PageSource, start: number, window: Buffer): PageSource {
  const end = start + window.length
  return {
    size: source.size,
    read: async (offset, length) => {
      if (offset < start || offset >= end) return source.read(offset, length)
      const have = window.subarray(offset - start, offset - start + length)
      if (have.length === length) return have
      return Buffer.concat([have, await source.read(end, length - have.length)])
    },
  }
}

type How = Pick<WalTail, 'method' | 'isEmpty' | 'writesExact' | 'bytesRead'>

function result(scan: WalScan, how: How): WalTail {
  const { entries: _, firstIndex, ...rest } = scan
  return { ...rest, ...how, ...(firstIndex === undefined ? {} : { seenFrom: firstIndex }) }
}
