import { FieldReader } from './protobuf.ts'

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

/** Of a record of which only the beginning is there. */
export interface RecordHead {
  key: Buffer
  /** 1 for the record that made the key; absent for a deletion, or where too little of the record is there. */
  version?: number
}

/** Key and version of a record by its first bytes; `undefined` when they are not enough for the key. */
export function readRecordHead(head: Buffer): RecordHead | undefined {
  const reader = new FieldReader(head)
  let found: RecordHead | undefined
  try {
    while (reader.next()) {
      if (reader.field === 1 && reader.start >= 0) found = { key: head.subarray(reader.start, reader.end) }
      if (reader.field === 4 && found) return { ...found, version: reader.value }
    }
  } catch {
    // the value is cut, and comes after what is wanted
  }
  return found
}

export function readUint64BE(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4)
}
