import { FRAME_BYTES, METADATA, readFrame, readMetadata, readRecord, type WalIds } from './wal-record.ts'

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
