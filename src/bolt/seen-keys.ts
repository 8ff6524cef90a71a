import { randomInt } from 'node:crypto'
import { KeyHasher } from './key-hasher.ts'

/**
 * The table is in parts that grow one by one: growing the whole at once would hold it twice. Few, so that they soon are
 * large enough for the C library to give them back to the system when they are dead.
 */
const PARTS = 8
const FIRST_SLOTS = 64

/** Low and high halves of hashes; 0, 0 is a free slot. */
interface Part {
  slots: Uint32Array
  used: number
}

/**
 * The keys that were met, as 64 bits of a seeded hash each. 5 million keys take 64 MB. Two keys of 5 million share a
 * hash with a probability below one in a million; then one of them is taken for the other.
 */
export class SeenKeys {
  private readonly parts = Array.from(
    { length: PARTS },
    (): Part => ({ slots: new Uint32Array(2 * FIRST_SLOTS), used: 0 }),
  )
  private readonly hasher = new KeyHasher(randomInt(2 ** 32))

  /** True when it was not met before. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    this.hasher.hash(bytes, start, end)
    const low = this.hasher.low
    const high = this.hasher.high === 0 && low === 0 ? 1 : this.hasher.high
    const part = this.parts[high >>> 29] as Part
    if (part.used * 8 > part.slots.length * 3) grow(part)
    const slot = slotOf(part.slots, low, high)
    if (part.slots[slot] === low && part.slots[slot + 1] === high) return false
    part.slots[slot] = low
    part.slots[slot + 1] = high
    part.used++
    return true
  }
}

function slotOf(slots: Uint32Array, low: number, high: number): number {
  const mask = slots.length / 2 - 1
  let slot = (low ^ (high >>> 7)) & mask
  for (;;) {
    const slotLow = slots[slot * 2]
    const slotHigh = slots[slot * 2 + 1]
    if ((slotLow === 0 && slotHigh === 0) || (slotLow === low && slotHigh === high)) return slot * 2
    slot = (slot + 1) & mask
  }
}

function grow(part: Part): void {
  const old = part.slots
  const slots = new Uint32Array(old.length * 2)
  for (let at = 0; at < old.length; at += 2) {
    const low = old[at] ?? 0
    const high = old[at + 1] ?? 0
    if (low === 0 && high === 0) continue
    const slot = slotOf(slots, low, high)
    slots[slot] = low
    slots[slot + 1] = high
  }
  part.slots = slots
}
