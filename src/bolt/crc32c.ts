/** CRC-32C (Castagnoli, reversed polynomial), four bytes at a time: WAL files are 64 MB each. */
const POLYNOMIAL = 0x82f63b78

const tables = makeTables()

function makeTables(): Uint32Array[] {
  const first = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    first[byte] = crc >>> 0
  }
  const all = [first]
  for (let table = 1; table < 4; table++) {
    const before = all[table - 1] ?? first
    all.push(before.map((crc) => (crc >>> 8) ^ (first[crc & 255] ?? 0)))
  }
  return all
}

/** Goes on from an earlier CRC, as etcd chains the records of a WAL; 0 begins. */
export function crc32c(crc: number, bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
  let value = ~crc >>> 0
  let at = start
  for (; at + 4 <= end; at += 4) {
    const low =
      value ^
      (((bytes[at] ?? 0) |
        ((bytes[at + 1] ?? 0) << 8) |
        ((bytes[at + 2] ?? 0) << 16) |
        ((bytes[at + 3] ?? 0) << 24)) >>>
        0)
    value =
      ((t3[low & 255] ?? 0) ^ (t2[(low >>> 8) & 255] ?? 0) ^ (t1[(low >>> 16) & 255] ?? 0) ^ (t0[low >>> 24] ?? 0)) >>>
      0
  }
  for (; at < end; at++) value = ((value >>> 8) ^ (t0[(value ^ (bytes[at] ?? 0)) & 255] ?? 0)) >>> 0
  return ~value >>> 0
}
