import { KeyHasher } from './key-hasher.ts'

/**
 * Remembers, for every key, its latest revision by ordinal (the how-manieth record of the pass it was), in 12 bytes a
 * slot: 64 bits of a seeded hash and the ordinal. 5 million keys take 100 MB, 150 while growing. Two keys of 5 million
 * share a hash with a probability below one in a million, and then the count is short by one.
 */
export class LiveKeys {
  private hashes = new Uint32Array(2 << 12)
  /** Ordinal + 1, the top bit set for a deletion; 0 for a free slot. */
  private ordinals = new Uint32Array(1 << 12)
  private used = 0
  private readonly hasher: KeyHasher

  constructor(seed: number) {
    this.hasher = new KeyHasher(seed)
  }

  /** The record with this ordinal is the latest of its key so far. Ordinals go up to 2^31 - 2. */
  set(key: Buffer, ordinal: number, tombstone: boolean): void {
    if (this.used * 4 > this.ordinals.length * 3) this.grow()
    const { low, high } = this.hash(key)
    const slot = this.slotOf(low, high)
    if (this.ordinals[slot] === 0) this.used++
    this.hashes[slot * 2] = low
    this.hashes[slot * 2 + 1] = high
    this.ordinals[slot] = (ordinal + 1) | (tombstone ? 0x80000000 : 0)
  }

  /** Is this record the latest of its key, and no deletion? */
  isLive(key: Buffer, ordinal: number): boolean {
    const { low, high } = this.hash(key)
    return this.ordinals[this.slotOf(low, high)] === ordinal + 1
  }

  /** The number of keys whose latest record is no deletion. */
  count(): number {
    let live = 0
    for (const ordinal of this.ordinals) if (ordinal !== 0 && ordinal < 0x80000000) live++
    return live
  }

  private slotOf(low: number, high: number): number {
    const mask = this.ordinals.length - 1
    let slot = (low ^ (high >>> 7)) & mask
    while (this.ordinals[slot] !== 0 && (this.hashes[slot * 2] !== low || this.hashes[slot * 2 + 1] !== high)) {
      slot = (slot + 1) & mask
    }
    return slot
  }

  private grow(): void {
    const { hashes, ordinals } = this
    this.hashes = new Uint32Array(hashes.length * 2)
    this.ordinals = new Uint32Array(ordinals.length * 2)
    for (let old = 0; old < ordinals.length; old++) {
      const ordinal = ordinals[old] ?? 0
      if (ordinal === 0) continue
      const low = hashes[old * 2] ?? 0
      const high = hashes[old * 2 + 1] ?? 0
      const slot = this.slotOf(low, high)
      this.hashes[slot * 2] = low
      this.hashes[slot * 2 + 1] = high
      this.ordinals[slot] = ordinal
    }
  }

  private hash(key: Buffer): KeyHasher {
    this.hasher.hash(key, 0, key.length)
    return this.hasher
  }
}
