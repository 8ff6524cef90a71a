import { crc32c } from './crc32c.ts'
import type { PageSource } from './source.ts'
import { peekWal, scanWal, type WalScan } from './wal.ts'
import { CRC, FRAME_BYTES, MAX_RECORD_BYTES, readFrame, readRecord, SNAPSHOT } from './wal-record.ts'

/** The end of a WAL file. `entries`, `firstIndex` and `writesAfter` are of the part that was read. */
export interface WalTail extends WalScan {
  /** True when the file was read from its beginning: then nothing in it is unchecked. */
  whole: boolean
}

export interface WalTailOptions {
  /** Count writes after this index: the database's consistent index. */
  afterIndex?: number
  signal?: AbortSignal
}

const HEAD_BYTES = 512
const SECTOR = 512
const PROBES = 32
/** Tried one after the other until the tail reaches back far enough. */
const WINDOWS = [32 * 1024, 192 * 1024]

/**
 * What `scanWal` says of the end of a WAL file, from some hundred kilobytes of it. etcd makes these files of 64 MB with
 * zeros, so the end of the records is found by looking where the zeros begin; records there are found again by their
 * CRCs, each of which goes on from the one before. Where that fails (a record larger than the window, a damaged end) the whole file is read.
 */
export async function walTail(source: PageSource, options: WalTailOptions = {}): Promise<WalTail> {
  const used = await usedEnd(source, options.signal)
  let best: WalScan | undefined
  for (const bytes of WINDOWS) {
    const from = Math.floor(Math.max(0, used - bytes) / 8) * 8
    if (from === 0) break
    best = (await scanFrom(source, from, used, options)) ?? best
    if (best && reachesBack(best, options)) break
  }
  if (best?.lastIndex === undefined) return { ...(await scanWal(source, options)), whole: true }
  const ids = peekWal(await source.read(0, Math.min(HEAD_BYTES, source.size)))
  return { ...best, ...ids, whole: false }
}

function reachesBack({ firstIndex }: WalScan, { afterIndex }: WalTailOptions): boolean {
  return firstIndex !== undefined && (afterIndex === undefined || firstIndex <= afterIndex + 1)
}

/** Where the zeros begin, to the sector: the records end there, or a little before. */
async function usedEnd(source: PageSource, signal?: AbortSignal): Promise<number> {
  let low = 0
  let high = source.size
  while (high - low > SECTOR) {
    signal?.throwIfAborted()
    const step = Math.max(SECTOR, Math.ceil((high - low) / PROBES / SECTOR) * SECTOR)
    const probes: number[] = []
    for (let at = low + step; at < high; at += step) probes.push(at)
    if (probes.length === 0) break
    const zero = await Promise.all(probes.map((at) => isZero(source, at)))
    const last = zero.lastIndexOf(false)
    if (last + 1 < probes.length) high = probes[last + 1] ?? high
    if (last >= 0) low = probes[last] ?? low
  }
  return Math.min(source.size, high)
}

async function isZero(source: PageSource, at: number): Promise<boolean> {
  const sector = await source.read(at, Math.min(SECTOR, source.size - at))
  return sector.every((byte) => byte === 0)
}

/** Reads on from the first record that can be told for sure in the window. Undefined when there is none. */
async function scanFrom(
  source: PageSource,
  from: number,
  used: number,
  options: WalTailOptions,
): Promise<WalScan | undefined> {
  const window = await source.read(from, used - from)
  const start = firstRecord(window)
  if (start === undefined) return undefined
  const scan = await scanWal(ahead(source, from, window), {
    ...options,
    from: from + start.at,
    previousCrc: start.crc,
    chunkBytes: 4096,
  })
  // what this way finds broken is for the full reading to judge
  return scan.end === 'corrupt' ? undefined : scan
}

/** A record whose CRC goes on from the one before it: two records that lie so by chance are one in 4 billion. */
function firstRecord(window: Buffer): { at: number; crc: number } | undefined {
  for (let at = 0; at + FRAME_BYTES < window.length; at += 8) {
    const first = recordAt(window, at)
    const second = first && recordAt(window, first.next)
    if (!second || second.record.type === CRC) continue
    const { start, end, crc } = second.record
    if (start > 0 && crc32c(first.record.crc, window, start, end) === crc)
      return { at: first.next, crc: first.record.crc }
  }
  return undefined
}

function recordAt(window: Buffer, at: number) {
  if (at + FRAME_BYTES > window.length) return undefined
  const { recordBytes, padBytes } = readFrame(window, at)
  const next = at + FRAME_BYTES + recordBytes + padBytes
  if (recordBytes === 0 || recordBytes > MAX_RECORD_BYTES || next % 8 !== 0 || next > window.length) return undefined
  try {
    const record = readRecord(window, at + FRAME_BYTES, at + FRAME_BYTES + recordBytes)
    return record.type >= 1 && record.type <= SNAPSHOT ? { record, next } : undefined
  } catch {
    return undefined
  }
}

/** The source, with what was read of it already. */
function ahead(source: PageSource, from: number, window: Buffer): PageSource {
  return {
    size: source.size,
    read: async (offset, length) => {
      const end = offset + length
      if (offset >= from && end <= from + window.length) return window.subarray(offset - from, end - from)
      return source.read(offset, length)
    },
  }
}
