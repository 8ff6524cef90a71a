import type { WalFile } from './log-names.ts'
import type { LogEnd } from './log-state.ts'
import { LogWalk } from './log-walk.ts'
import type { PageSource } from './source.ts'
import { scanWalFrom, type WalEntry, type WalScan } from './wal.ts'
import { peekWal } from './wal-head.ts'
import { FRAME_BYTES, type WalIds } from './wal-record.ts'
import { resync } from './wal-resync.ts'

/** Why the records of a segment are not gone on with. */
export interface Fault {
  kind: 'damaged' | 'gap' | 'torn'
  why: string
}

/** WAL files that follow each other, their records one chain of CRCs from the first to `end`. */
export interface Segment {
  files: WalFile[]
  walk: LogWalk
  ids?: WalIds
  /** Absent when there is no whole record. */
  end?: LogEnd
  fault?: Fault
}

export interface SegmentOptions {
  /** The database's index: writes after it are counted. */
  afterIndex: number
  onEntry?: (entry: WalEntry) => void
  /** Bytes of WAL files that are behind. */
  onProgress?: (bytes: number) => void
  signal?: AbortSignal | undefined
}

const CHUNK_BYTES = 4 * 1024 * 1024
const HEAD_BYTES = 512

/** Reads all files, oldest first. A chain that breaks is begun anew with the next file: etcd could do so as well. */
export async function readSegments(files: readonly WalFile[], options: SegmentOptions): Promise<Segment[]> {
  const segments: Segment[] = []
  let passed = 0
  for (const [at, file] of files.entries()) {
    const open = segments.at(-1)
    const isLast = at === files.length - 1
    const goesOn = open && !open.fault && (await continues(open, file))
    const segment = goesOn ? open : { files: [], walk: new LogWalk(options.afterIndex, options.onEntry) }
    if (!goesOn) {
      if (open) open.fault ??= { kind: 'gap', why: `${await whyNot(open, file)}: ${REFUSED}` }
      segments.push(segment)
    }
    await readFile(segment, file, isLast, options)
    passed += file.source.size
    options.onProgress?.(passed)
  }
  return segments
}

/** Does the file's first record carry the CRC that the file before ended with? One that is empty goes on with any. */
async function continues({ end, files }: Segment, file: WalFile): Promise<boolean> {
  const before = files.at(-1)
  if (before && file.sequence !== before.sequence + 1) return false
  if (!end) return true
  const scan = await scanWalFrom(await head(file.source), { offset: 0, crc: end.crc }, { previousCrc: end.crc })
  return scan.usedBytes > 0 || scan.end === 'torn' || (await isEmpty(file.source))
}

async function head(source: PageSource): Promise<PageSource> {
  const bytes = await source.read(0, Math.min(HEAD_BYTES, source.size))
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) }
}

async function isEmpty(source: PageSource): Promise<boolean> {
  const bytes = await source.read(0, Math.min(FRAME_BYTES, source.size))
  return bytes.every((byte) => byte === 0)
}

async function whyNot(open: Segment, file: WalFile): Promise<string> {
  const before = open.files.at(-1)
  if (before && file.sequence === before.sequence) return `WAL file number ${file.sequence} is there twice`
  if (before && file.sequence !== before.sequence + 1)
    return `between WAL file ${before.name} and ${file.name} one or more are missing`
  const ids = peekWal(await file.source.read(0, Math.min(HEAD_BYTES, file.source.size)))
  const isOther = ids && open.ids && (ids.memberId !== open.ids.memberId || ids.clusterId !== open.ids.clusterId)
  const other = isOther ? `: it is of member ${ids.memberId} of cluster ${ids.clusterId}` : ''
  return `WAL file ${file.name} does not go on where the one before it ends${other}`
}

async function readFile(segment: Segment, file: WalFile, isLast: boolean, options: SegmentOptions): Promise<void> {
  const crc = segment.end?.crc ?? 0
  const { afterIndex, signal } = options
  segment.files.push(file)
  segment.walk.nextFile()
  const scan = await scanWalFrom(
    file.source,
    { offset: 0, crc },
    { afterIndex, sink: segment.walk, chunkBytes: CHUNK_BYTES, ...(signal && { signal }) },
  )
  const { memberId, clusterId } = scan
  if (memberId !== undefined && clusterId !== undefined) segment.ids ??= { memberId, clusterId }
  const fault = await faultIn(scan, file, isLast)
  if (fault) segment.fault = fault
  if (scan.usedBytes > 0)
    segment.end = { file: file.name, offset: scan.usedBytes, crc: scan.lastCrc, isTorn: fault !== undefined }
}

async function faultIn(scan: WalScan, { name, source }: WalFile, isLast: boolean): Promise<Fault | undefined> {
  const at = `WAL file ${name}, at byte ${scan.usedBytes}`
  if (scan.usedBytes === 0 && (await isEmpty(source))) {
    if (source.size > 0 && (await foundBehind(source, 0)) !== undefined)
      return { kind: 'damaged', why: `${at}: ${HOLE}` }
    return isLast ? { kind: 'torn', why: `the newest WAL file ${name} is empty: what it held is lost` } : undefined
  }
  if (scan.end === 'corrupt') return { kind: 'damaged', why: `${at}: ${problemOf(scan)}: ${REFUSED}` }
  const rest = source.size - scan.usedBytes
  if (scan.end === 'torn' || (rest > 0 && rest < FRAME_BYTES)) {
    // what is behind may have been acknowledged: nothing of it is dropped unasked
    if ((await foundBehind(source, scan.usedBytes)) === 'records')
      return { kind: 'damaged', why: `${at}: a record is not whole, and ${BEHIND}` }
    const why = `the last record is not whole (${at}), as after a power cut`
    return isLast
      ? { kind: 'torn', why }
      : { kind: 'damaged', why: `${at}: a record is not whole, and more files follow: ${REFUSED}` }
  }
  const behind = await foundBehind(source, scan.usedBytes)
  if (behind === 'records') return { kind: 'damaged', why: `${at}: ${HOLE}` }
  if (behind === 'bytes' && isLast)
    return { kind: 'torn', why: `the log ends at a hole (${at}) with parts of later records behind it` }
  return undefined
}

const REFUSED = 'etcd refuses this log'
const HOLE = 'there is a hole of zeros with whole records behind it: etcd takes it for the end, and erases them'

const BEHIND = 'there are whole records behind it: etcd would drop them'

const problemOf = ({ findings }: WalScan) => (findings[0] ?? '').replace(/^(unusable: )?WAL, at byte \d+: /, '')

const ZEROS = Buffer.alloc(CHUNK_BYTES)

/** What lies behind the zeros at which the records end. */
async function foundBehind(source: PageSource, from: number): Promise<'records' | 'bytes' | undefined> {
  let found: 'bytes' | undefined
  for (let at = from - (from % 8); at < source.size; at += CHUNK_BYTES) {
    const piece = await source.read(at, Math.min(CHUNK_BYTES, source.size - at))
    if (piece.equals(ZEROS.subarray(0, piece.length))) continue
    found = 'bytes'
    // a record may lie across the border of two pieces
    const wide = await source.read(at, Math.min(2 * CHUNK_BYTES, source.size - at))
    if (!resync(wide).next().done) return 'records'
  }
  return found
}
