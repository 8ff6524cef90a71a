import { randomInt } from 'node:crypto'
import { KeyHasher } from './key-hasher.ts'

/**
 * The keys that were met, as 64 bits of a seeded hash each. 5 million keys take 64 MB, 96 while growing. Two keys of 5
 * million share a hash with a probability below one in a million; then one of them is taken for the other.
 */
export class SeenKeys {
  /** Low and high halves; 0, 0 is a free slot. */
  private slots = new Uint32Array(2 << 12)
  private used = 0
  private readonly hasher = new KeyHasher(randomInt(2 ** 32))

  /** True when it was not met before. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.used * 8 > this.slots.length * 3) this.grow()
    this.hasher.hash(bytes, start, end)
    const low = this.hasher.low
    const high = this.hasher.high === 0 && low === 0 ? 1 : this.hasher.high
    const slot = this.slotOf(low, high)
    if (this.slots[slot] === low && this.slots[slot + 1] === high) return false
    this.slots[slot] = low
    this.slots[slot + 1] = high
    this.used++
    return true
  }

  private slotOf(low: number, high: number): number {
    const { slots } = this
    const mask = slots.length / 2 - 1
    let slot = (low ^ (high >>> 7)) & mask
    for (;;) {
      const slotLow = slots[slot * 2]
      const slotHigh = slots[slot * 2 + 1]
      if ((slotLow === 0 && slotHigh === 0) || (slotLow === low && slotHigh === high)) return slot * 2
      slot = (slot + 1) & mask
    }
  }

  private grow(): void {
    const old = this.slots
    this.slots = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0
      const high = old[at + 1] ?? 0
      if (low === 0 && high === 0) continue
      const slot = this.slotOf(low, high)
      this.slots[slot] = low
      this.slots[slot + 1] = high
    }
  }
}
