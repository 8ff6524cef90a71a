import { FieldReader } from './protobuf.ts'

/** Types of WAL records, as etcd numbers them. */
export const METADATA = 1
export const ENTRY = 2
export const STATE = 3
export const CRC = 4
export const SNAPSHOT = 5

export const FRAME_BYTES = 8

/** etcd refuses requests over some MiB; a longer record is damage. */
export const MAX_RECORD_BYTES = 64 * 1024 * 1024

/**
 * The frame before a record: 8 bytes little-endian, the low 56 bits the record's length, and, when the top bit is set,
 * the number of padding bytes in bits 56 to 58. A zero frame is the preallocated rest of the file.
 */
export function readFrame(buffer: Buffer, at: number): { recordBytes: number; padBytes: number } {
  const high = buffer.readUInt32LE(at + 4)
  const recordBytes = buffer.readUInt32LE(at) + (high & 0xffffff) * 2 ** 32
  return { recordBytes, padBytes: high & 0x80000000 ? (high >>> 24) & 7 : 0 }
}

export interface WalRecord {
  type: number
  crc: number
  /** Where the content lies in the buffer. */
  start: number
  end: number
}

/** Throws a plain `Error` for what is no record. */
export function readRecord(buffer: Buffer, from: number, to: number): WalRecord {
  const record: WalRecord = { type: 0, crc: 0, start: 0, end: 0 }
  const reader = new FieldReader(buffer, from, to)
  while (reader.next()) {
    if (reader.field === 1) record.type = reader.value
    else if (reader.field === 2) record.crc = reader.low
    else if (reader.field === 3 && reader.start >= 0) {
      record.start = reader.start
      record.end = reader.end
    }
  }
  return record
}

export interface WalIds {
  /** Lower-case hex without a prefix, as etcd prints ids. */
  memberId: string
  clusterId: string
}

/** Whose WAL it is: field 1 the member, field 2 the cluster. */
export function readMetadata(buffer: Buffer, { start, end }: WalRecord): WalIds {
  const ids = { memberId: '0', clusterId: '0' }
  const reader = new FieldReader(buffer, start, end)
  while (reader.next()) {
    if (reader.field === 1) ids.memberId = reader.big().toString(16)
    else if (reader.field === 2) ids.clusterId = reader.big().toString(16)
  }
  return ids
}

/** The numbers of a raft entry (1 type, 2 term, 3 index), of a hard state (1 term, 3 commit), of a snapshot (1 index, 2 term). */
export function readNumbers(
  buffer: Buffer,
  { start, end }: WalRecord,
): { numbers: [number, number, number, number]; data: [number, number] } {
  const numbers: [number, number, number, number] = [0, 0, 0, 0]
  const data: [number, number] = [0, 0]
  const reader = new FieldReader(buffer, start, end)
  while (reader.next()) {
    if (reader.start >= 0 && reader.field === 4) {
      data[0] = reader.start
      data[1] = reader.end
    } else if (reader.start < 0 && reader.field < 4) numbers[reader.field] = reader.value
  }
  return { numbers, data }
}

/** Fields of etcd's request in an entry that can change keys: put, delete range, transaction. */
const WRITES = new Set([4, 5, 6])

/** The method of a request of etcd's second API, with which members before 3.6 publish their names; its value is field 4. */
const METHOD = 2

/** May this entry's request change keys? Entries of other kinds (leases, members, compaction) don't. */
export function isWrite(buffer: Buffer, [start, end]: [number, number]): boolean {
  const reader = new FieldReader(buffer, start, end)
  let found = false
  while (reader.next()) {
    if (reader.start < 0) continue
    if (reader.field === METHOD) return false
    found ||= WRITES.has(reader.field)
  }
  return found
}
