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
import { WriteCount } from './write-count.ts'

const CHUNK = 1024 * 1024

export interface WalScan extends Partial<WalIds> {
  /** The lowest of the entries in it; absent when there are none. An entry may be there and not committed. */
  firstIndex?: number
  lastIndex?: number
  lastTerm?: number
  /** The newest raft snapshot that it has a record of: one that the leader sent is beyond the last entry. */
  snapshotIndex?: number
  /** The last hard state. What is beyond `commit` was never acknowledged to anybody by this member. */
  commit?: number
  term?: number
  entries: number
  /** Entries after `afterIndex` that may change keys, and that no later one replaces: at most this many revisions come on top of the database. */
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

/** What the records of a log say, one after the other. Buffers are views that are valid during the call. */
export interface RecordSink {
  /** Member and cluster. Every file begins with the same. */
  metadata(content: Buffer): void
  entry(entry: WalEntry): void
  /** The hard state. */
  state(term: number, commit: number): void
  snapshot(index: number, term: number): void
}

export interface WalEntry {
  index: number
  term: number
  /** May it change keys? */
  isWrite: boolean
  /** 0 an etcd request, 1 and 2 a change of the members. */
  kind: number
  /** Where its content lies in the buffer. */
  buffer: Buffer
  data: [start: number, end: number]
}

export interface WalScanOptions {
  /** Count writes after this index: the database's consistent index. Default 0. */
  afterIndex?: number
  /** `lastCrc` of the file before: a gap between files is damage. */
  previousCrc?: number
  signal?: AbortSignal
  /** Told of every record that is whole, in order. */
  sink?: RecordSink
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
  const taking = { ...options, writes: new WriteCount() }
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
    const problem = take(scan, window.bytes, at, at + recordBytes, taking)
    if (problem)
      return broken(scan, problem, isTorn(window.bytes, at, at + recordBytes, scan.usedBytes) ? 'torn' : 'corrupt')
    scan.usedBytes += frameEnd
  }
  if (scan.usedBytes === 0) return broken(scan, 'there is no record in it', 'corrupt')
  return scan
}

type Taking = WalScanOptions & { writes: WriteCount }

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
function take(scan: WalScan, buffer: Buffer, from: number, to: number, options: Taking): string | undefined {
  try {
    const record = readRecord(buffer, from, to)
    if (record.type === CRC) return takeCrc(scan, record, options)
    const crc = crc32c(scan.lastCrc, buffer, record.start, record.end)
    if (crc !== record.crc) return 'the CRC of a record is wrong'
    takeContent(scan, buffer, record, options)
    scan.lastCrc = crc
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

function takeContent(scan: WalScan, buffer: Buffer, record: WalRecord, options: Taking): void {
  const { sink } = options
  if (record.type === METADATA) {
    Object.assign(scan, readMetadata(buffer, record))
    sink?.metadata(buffer.subarray(record.start, record.end))
    return
  }
  const { numbers, data } = readNumbers(buffer, record)
  const [, first, second, third] = numbers
  if (record.type === STATE) {
    scan.term = first
    scan.commit = third
    sink?.state(first, third)
  } else if (record.type === ENTRY) {
    takeEntry(scan, { kind: first, term: second, index: third, isWrite: false, buffer, data }, options)
  } else if (record.type === SNAPSHOT) {
    scan.snapshotIndex = Math.max(scan.snapshotIndex ?? 0, first)
    sink?.snapshot(first, second)
  } else throw new Error(`a record has the unknown type ${record.type}`)
}

function takeEntry(scan: WalScan, entry: WalEntry, { afterIndex = 0, sink, writes }: Taking): void {
  const { index, term, kind, buffer, data } = entry
  if (index > afterIndex && kind === 0) entry.isWrite = isWrite(buffer, data)
  scan.entries++
  scan.firstIndex = Math.min(scan.firstIndex ?? index, index)
  scan.lastTerm = term
  scan.lastIndex = index
  writes.take(entry)
  scan.writesAfter = writes.count
  sink?.entry(entry)
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
