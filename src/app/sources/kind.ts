/** A snapshot is whole sectors and a SHA-256 of 32 bytes (FACTS 2). */
export function kindOfFile(size: number): 'db' | 'snapshot' {
  return size % 512 === 32 ? 'snapshot' : 'db'
}

/** By its first two bytes. */
export async function isGzip(head: (bytes: number) => Promise<Buffer>): Promise<boolean> {
  const bytes = await head(2)
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
