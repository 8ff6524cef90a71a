import { crc32c } from './crc32c.ts'
import type { PageSource } from './source.ts'
import {
  CRC,
  ENTRY,
  FRAME_BYTES,
  isWrite,
  MAX_RECORD_BYTES,
  METADATA,
  readFrame,
  readMetadata,
  readNumbers,
  readRecord,
  SNAPSHOT,
  STATE,
  type WalIds,
  type WalRecord,
} from './wal-record.ts'

export type { WalIds } from './wal-record.ts'

const CHUNK = 1024 * 1024

/** `0000000000000001-0000000000002711.wal`: the file's number, and the index of its first entry. */
export function parseWalName(name: string): { sequence: number; firstIndex: number } | undefined {
  const match = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/.exec(name)
  return match
    ? { sequence: Number.parseInt(match[1] ?? '', 16), firstIndex: Number.parseInt(match[2] ?? '', 16) }
    : undefined
}

/**
 * Member and cluster id out of the first bytes of a WAL file; 256 are enough. They are not in the database. `undefined`
 * when this is no WAL file.
 */
export function peekWal(firstBytes: Buffer): WalIds | undefined {
  try {
    let at = 0
    // a CRC record, then the metadata
    for (let records = 0; records < 3 && at + FRAME_BYTES < firstBytes.length; records++) {
      const { recordBytes, padBytes } = readFrame(firstBytes, at)
      const end = at + FRAME_BYTES + recordBytes
      if (recordBytes === 0 || end > firstBytes.length) return undefined
      const record = readRecord(firstBytes, at + FRAME_BYTES, end)
      if (record.type === METADATA) return readMetadata(firstBytes, record)
      at = end + padBytes
    }
  } catch {
    return undefined
  }
  return undefined
}

export interface WalScan extends Partial<WalIds> {
  /** Absent when there are no entries in it. An entry may be there and not committed. */
  firstIndex?: number
  lastIndex?: number
  lastTerm?: number
  /** The last hard state. What is beyond `commit` was never acknowledged to anybody by this member. */
  commit?: number
  term?: number
  entries: number
  /** Entries after `afterIndex` that may change keys: at most this many revisions come on top of the database. */
  writesAfter: number
  /** Bytes of whole records; the rest is preallocated zeros, or torn. */
  usedBytes: number
  /**
   * `clean`: the records end at zeros or at the end of the file. `torn`: the last record is not whole, as after a power
   * cut; etcd drops it. `corrupt`: a record in the middle is damaged; etcd refuses such a WAL.
   */
  end: 'clean' | 'torn' | 'corrupt'
  /** The CRC that the next file begins with. */
  lastCrc: number
  findings: string[]
}

export interface WalScanOptions {
  /** Count writes after this index: the database's consistent index. Default 0. */
  afterIndex?: number
  /** `lastCrc` of the file before: a gap between files is damage. */
  previousCrc?: number
  signal?: AbortSignal
  /** Bytes to ask the source for at once. Default 1 MiB. */
  chunkBytes?: number
}

/** Reads one WAL file record by record, checking the chain of CRCs. Never throws for what is in the file. */
export async function scanWal(source: PageSource, options: WalScanOptions = {}): Promise<WalScan> {
  return scanWalFrom(source, { offset: 0, crc: 0 }, options)
}

/** The same from a record that begins at `offset`, where the record before has this CRC. Offsets stay the file's. */
export async function scanWalFrom(
  source: PageSource,
  from: { offset: number; crc: number },
  options: WalScanOptions = {},
): Promise<WalScan> {
  const scan: WalScan = {
    entries: 0,
    writesAfter: 0,
    usedBytes: from.offset,
    end: 'clean',
    lastCrc: from.crc,
    findings: [],
  }
  const { chunkBytes = CHUNK } = options
  let window: Window = { start: 0, bytes: Buffer.alloc(0) }
  for (;;) {
    options.signal?.throwIfAborted()
    window = await moveTo(source, window, scan.usedBytes, FRAME_BYTES, chunkBytes)
    const left = source.size - scan.usedBytes
    if (left < FRAME_BYTES) break
    const { recordBytes, padBytes } = readFrame(window.bytes, scan.usedBytes - window.start)
    if (recordBytes === 0) break
    const frameEnd = FRAME_BYTES + recordBytes + padBytes
    if (recordBytes > MAX_RECORD_BYTES || frameEnd > left)
      return broken(scan, 'a record is longer than what is left of the file', 'torn')
    window = await moveTo(source, window, scan.usedBytes, frameEnd, chunkBytes)
    const at = scan.usedBytes - window.start + FRAME_BYTES
    const problem = take(scan, window.bytes, at, at + recordBytes, options)
    if (problem)
      return broken(scan, problem, isTorn(window.bytes, at, at + recordBytes, scan.usedBytes) ? 'torn' : 'corrupt')
    scan.usedBytes += frameEnd
  }
  if (scan.usedBytes === 0) return broken(scan, 'there is no record in it', 'corrupt')
  return scan
}

interface Window {
  start: number
  bytes: Buffer
}

/** Sees to it that `length` bytes from `offset` (or all that is left) are in memory. */
async function moveTo(
  source: PageSource,
  window: Window,
  offset: number,
  length: number,
  chunk: number,
): Promise<Window> {
  const wanted = Math.min(length, source.size - offset)
  if (offset >= window.start && offset + wanted <= window.start + window.bytes.length) return window
  const bytes = await source.read(offset, Math.min(Math.max(length, chunk), source.size - offset))
  return { start: offset, bytes }
}

/** Takes one record in; gives what is wrong with it. */
function take(scan: WalScan, buffer: Buffer, from: number, to: number, options: WalScanOptions): string | undefined {
  try {
    const record = readRecord(buffer, from, to)
    if (record.type === CRC) return takeCrc(scan, record, options)
    const crc = crc32c(scan.lastCrc, buffer, record.start, record.end)
    if (crc !== record.crc) return 'the CRC of a record is wrong'
    scan.lastCrc = crc
    takeContent(scan, buffer, record, options)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function takeCrc(scan: WalScan, record: WalRecord, { previousCrc }: WalScanOptions): string | undefined {
  const expected = scan.usedBytes === 0 ? previousCrc : scan.lastCrc
  if (expected !== undefined && expected !== record.crc) return 'it does not go on where the file before ended'
  scan.lastCrc = record.crc
  return undefined
}

function takeContent(scan: WalScan, buffer: Buffer, record: WalRecord, { afterIndex = 0 }: WalScanOptions): void {
  if (record.type === METADATA) Object.assign(scan, readMetadata(buffer, record))
  if (record.type === STATE || record.type === ENTRY) {
    const { numbers, data } = readNumbers(buffer, record)
    if (record.type === STATE) {
      scan.term = numbers[1]
      scan.commit = numbers[3]
      return
    }
    const [, kind, term, index] = numbers
    scan.entries++
    scan.firstIndex ??= index
    scan.lastTerm = term
    scan.lastIndex = index
    if (index > afterIndex && kind === 0 && isWrite(buffer, data)) scan.writesAfter++
  } else if (record.type !== SNAPSHOT && record.type !== METADATA)
    throw new Error(`a record has the unknown type ${record.type}`)
}

const SECTOR = 512

/** A write that was cut leaves a sector of zeros within the record; anything else is damage. */
function isTorn(buffer: Buffer, from: number, to: number, recordOffset: number): boolean {
  let at = from
  let fileOffset = recordOffset + FRAME_BYTES
  while (at < to) {
    const bytes = Math.min(SECTOR - (fileOffset % SECTOR), to - at)
    if (buffer.subarray(at, at + bytes).every((byte) => byte === 0)) return true
    at += bytes
    fileOffset += bytes
  }
  return false
}

function broken(scan: WalScan, problem: string, end: 'torn' | 'corrupt'): WalScan {
  scan.end = end
  scan.findings.push(`${end === 'corrupt' ? 'unusable: ' : ''}WAL, at byte ${scan.usedBytes}: ${problem}`)
  return scan
}
