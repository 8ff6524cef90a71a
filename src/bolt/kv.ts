/** One revision of a key, as etcd keeps it in the bucket `key`. */
export interface Revision {
  main: number
  /** Counts the changes of one transaction. */
  sub: number
  tombstone: boolean
}

const REVISION_BYTES = 17
const SEPARATOR = 0x5f
const TOMBSTONE = 0x74

/** A key of the bucket `key`: main u64 big-endian, `_`, sub u64, and `t` for a deletion. Throws a plain `Error`. */
export function readRevision(buffer: Buffer, start: number, end: number): Revision {
  const length = end - start
  const isMarked = length === REVISION_BYTES + 1 && buffer[end - 1] === TOMBSTONE
  if (buffer[start + 8] !== SEPARATOR || (length !== REVISION_BYTES && !isMarked))
    throw new Error('a key is no revision')
  const main = readUint64BE(buffer, start)
  const sub = readUint64BE(buffer, start + 9)
  if (!Number.isSafeInteger(main) || !Number.isSafeInteger(sub)) throw new Error('a revision is out of range')
  return { main, sub, tombstone: isMarked }
}

/** A key and its value at one revision. Buffers are views: copy what is kept. */
export interface KvRecord {
  key: Buffer
  value: Buffer
  createRevision: number
  modRevision: number
  version: number
  /** Decimal string; '0' means none. */
  lease: string
}

/** The key of a record of which only the beginning is there; `undefined` when that is not enough. */
export function readKeyOnly(head: Buffer): Buffer | undefined {
  // field 1, length-delimited, comes first; its length fits two varint bytes for all keys of interest
  if (head.length < 3 || head[0] !== 0x0a) return undefined
  const first = head[1] ?? 0
  const length = first < 0x80 ? first : (first & 0x7f) | ((head[2] ?? 0) << 7)
  const start = first < 0x80 ? 2 : 3
  return start + length <= head.length ? head.subarray(start, start + length) : undefined
}

export function readUint64BE(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4)
}
