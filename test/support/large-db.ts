import { open } from 'node:fs/promises'

const PAGE = 4096
const MASK = (1n << 64n) - 1n

/** Makes a database of pages of 4 KiB as large as this without a byte on the disk: both meta pages say so, the file is sparse. */
export async function pretendBytes(db: string, bytes: number): Promise<void> {
  const handle = await open(db, 'r+')
  try {
    for (const page of [0, 1]) {
      const meta = Buffer.alloc(64)
      await handle.read(meta, 0, 64, page * PAGE + 16)
      meta.writeBigUInt64LE(BigInt(bytes / PAGE), 40)
      meta.writeBigUInt64LE(fnv(meta.subarray(0, 56)), 56)
      await handle.write(meta, 0, 64, page * PAGE + 16)
    }
    await handle.truncate(bytes)
  } finally {
    await handle.close()
  }
}

/** The checksum of a meta page: FNV-1a over 64 bits. */
function fnv(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & MASK
  return hash
}
