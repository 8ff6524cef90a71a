import { crc32c } from './crc32c.ts'
import type { SnapFile } from './log-names.ts'
import type { RaftMark } from './log-walk.ts'
import { FieldReader } from './protobuf.ts'

/** etcd's hold its members and little else. */
const MAX_BYTES = 64 * 1024 * 1024

/** What a `.snap` file is of, or why etcd cannot read it. Never throws for what is in the file. */
export async function readSnap({ source }: SnapFile): Promise<RaftMark | { damage: string }> {
  if (source.size === 0) return { damage: 'it is empty' }
  if (source.size > MAX_BYTES) return { damage: `it has ${source.size} bytes` }
  const bytes = await source.read(0, source.size)
  try {
    const { crc, start, end } = readEnvelope(bytes)
    if (crc === 0 || end <= start) return { damage: 'there is nothing in it' }
    if (crc32c(0, bytes, start, end) !== crc) return { damage: 'its CRC is wrong' }
    return readMark(bytes, start, end)
  } catch (error) {
    return { damage: error instanceof Error ? error.message : String(error) }
  }
}

/** `snappb.Snapshot`: 1 CRC-32C, 2 the snapshot. */
function readEnvelope(bytes: Buffer): { crc: number; start: number; end: number } {
  const found = { crc: 0, start: 0, end: 0 }
  const reader = new FieldReader(bytes)
  while (reader.next()) {
    if (reader.field === 1) found.crc = reader.low
    else if (reader.field === 2 && reader.start >= 0) {
      found.start = reader.start
      found.end = reader.end
    }
  }
  return found
}

/** `raftpb.Snapshot`: 1 data, 2 metadata { 1 members, 2 index, 3 term }. */
function readMark(bytes: Buffer, from: number, to: number): RaftMark {
  const mark: RaftMark = { index: 0, term: 0 }
  const outer = new FieldReader(bytes, from, to)
  while (outer.next()) {
    if (outer.field !== 2 || outer.start < 0) continue
    const inner = new FieldReader(bytes, outer.start, outer.end)
    while (inner.next()) {
      if (inner.field === 2) mark.index = inner.value
      else if (inner.field === 3) mark.term = inner.value
    }
  }
  return mark
}
