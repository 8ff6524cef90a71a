import { crc32c } from './crc32c.ts'
import { CRC, FRAME_BYTES, readFrame, readRecord, SNAPSHOT, type WalRecord } from './wal-record.ts'

/** The start of a record, by its offset in the window, and the CRC of the record before it. */
export interface Boundary {
  offset: number
  crc: number
}

/**
 * Places in a piece of a WAL where a record begins: what comes before looks like a record, and its CRC is continued by
 * the one that begins here. By chance that happens once in 2^32 places that look like records. In ascending order; the
 * caller goes on from the first that leads to the end of the file.
 */
export function* resync(window: Buffer): Generator<Boundary> {
  let provenTo = 0
  for (let at = 0; at + FRAME_BYTES < window.length; at += 8) {
    if (at < provenTo) continue
    const first = recordAt(window, at)
    const second = first && recordAt(window, first.next)
    if (!first || !second) continue
    if (crc32c(first.record.crc, window, second.record.start, second.record.end) !== second.record.crc) continue
    yield { offset: first.next, crc: first.record.crc }
    // the caller followed this chain: don't give it every record of it again
    provenTo = chainEnd(window, second)
  }
}

interface Found {
  record: WalRecord
  next: number
}

/** A whole record with sensible framing. The CRC records of a file's beginning are none: nothing chains over them. */
function recordAt(window: Buffer, at: number): Found | undefined {
  if (at + FRAME_BYTES > window.length) return undefined
  const { recordBytes, padBytes } = readFrame(window, at)
  const end = at + FRAME_BYTES + recordBytes
  if (recordBytes === 0 || end + padBytes > window.length || (recordBytes + padBytes) % 8 !== 0) return undefined
  try {
    const record = readRecord(window, at + FRAME_BYTES, end)
    const isKnown = record.type >= 1 && record.type <= SNAPSHOT && record.type !== CRC
    return isKnown ? { record, next: end + padBytes } : undefined
  } catch {
    return undefined
  }
}

function chainEnd(window: Buffer, from: Found): number {
  let last = from
  for (;;) {
    const next = recordAt(window, last.next)
    if (!next || crc32c(last.record.crc, window, next.record.start, next.record.end) !== next.record.crc)
      return last.next
    last = next
  }
}
