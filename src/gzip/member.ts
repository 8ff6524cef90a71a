/** RFC 1952: magic, deflate, no flags, no time, unknown compressor speed, unix. The same bytes in give the same bytes out. */
export const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])

/** An empty last block, after blocks that each end with a sync flush at a whole byte. */
const LAST_BLOCK = Buffer.from([0x03, 0x00])

/** The last block, CRC-32 and size (modulo 2^32, as the format has it) of all that went in. */
export function trailer(crc: number, bytes: number): Buffer {
  const end = Buffer.alloc(8)
  end.writeUInt32LE(crc >>> 0, 0)
  end.writeUInt32LE(bytes % 2 ** 32, 4)
  return Buffer.concat([LAST_BLOCK, end])
}
