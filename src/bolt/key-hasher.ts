/**
 * A seeded 64-bit hash of a key, in two halves: two multiplicative lanes over the bytes, mixed at the end so that all
 * bits depend on all bytes. The seed is random for each pass, so that nobody can prepare keys that collide.
 */
export class KeyHasher {
  low = 0
  high = 0
  private readonly seed: number

  constructor(seed: number) {
    this.seed = seed >>> 0
  }

  hash(bytes: Uint8Array, start: number, end: number): void {
    let a = this.seed ^ 0x9e3779b9
    let b = this.seed ^ 0x85ebca6b
    for (let at = start; at < end; at++) {
      const byte = bytes[at] ?? 0
      a = Math.imul(a ^ byte, 0x85ebca77)
      b = Math.imul(b ^ byte, 0xc2b2ae3d)
      a ^= a >>> 15
      b ^= b >>> 13
    }
    a = Math.imul(a ^ (a >>> 16) ^ (end - start), 0x7feb352d) ^ Math.imul(b ^ (b >>> 15), 0x846ca68b)
    b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35) ^ Math.imul(a ^ (a >>> 16), 0x27d4eb2f)
    this.low = a >>> 0
    this.high = b >>> 0
  }
}
