import { crc32c } from './crc32c.ts'
import { FRAME_BYTES, STATE } from './wal-record.ts'

interface HardState {
  term: number
  commit: number
  /** Of the record before: CRCs are chained. */
  previousCrc: number
}

/** A framed WAL record with a hard state, to go on with after a record whose CRC is `previousCrc`. Padded to 8 bytes. */
export function stateRecord({ term, commit, previousCrc }: HardState): Buffer {
  const data = Buffer.from([0x08, ...varint(term), 0x10, 0, 0x18, ...varint(commit)])
  const crc = crc32c(previousCrc, data)
  const record = Buffer.from([0x08, STATE, 0x10, ...varint(crc), 0x1a, ...varint(data.length), ...data])
  const pad = (8 - (record.length % 8)) % 8
  const framed = Buffer.alloc(FRAME_BYTES + record.length + pad)
  framed.writeUInt32LE(record.length, 0)
  // The top bit says that the three bits below bits 56 to 58 hold the padding.
  if (pad > 0) framed.writeUInt32LE(((0x80 | pad) << 24) >>> 0, 4)
  record.copy(framed, FRAME_BYTES)
  return framed
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let left = value
  while (left > 127) {
    bytes.push((left % 128) | 128)
    left = Math.floor(left / 128)
  }
  return [...bytes, left]
}
