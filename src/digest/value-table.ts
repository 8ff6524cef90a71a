import { hash, randomBytes } from 'node:crypto'

const FIRST_SLOTS = 1024
/** Of a slot: two words of the key's hash, two of the value's. */
const WORDS = 4

/**
 * Hashes of values by hashes of keys, 64 bits each, in one flat array. Seeded, so that nobody can prepare keys that
 * collide.
 */
export class ValueTable {
  private readonly seed = randomBytes(8)
  private slots = new Uint32Array(FIRST_SLOTS * WORDS)
  private met = new Uint8Array(FIRST_SLOTS)
  private used = 0
  private scratch = Buffer.alloc(4096)

  put(key: Buffer, value: Buffer): void {
    if (this.used * 2 > this.met.length) this.grow()
    const [low, high] = this.hashOf(key)
    const slot = slotOf(this.slots, low, high)
    if (this.slots[slot] === 0 && this.slots[slot + 1] === 0) this.used++
    this.slots.set([low, high, ...this.hashOf(value)], slot)
  }

  /** Says whether the table has this key with this value, and remembers that the key was met. */
  meet(key: Buffer, value: Buffer): 'missing' | 'same' | 'changed' {
    const slot = this.find(key)
    if (slot === undefined) return 'missing'
    this.met[slot / WORDS] = 1
    const [low, high] = this.hashOf(value)
    return this.slots[slot + 2] === low && this.slots[slot + 3] === high ? 'same' : 'changed'
  }

  wasMet(key: Buffer): boolean {
    const slot = this.find(key)
    return slot !== undefined && this.met[slot / WORDS] === 1
  }

  private find(key: Buffer): number | undefined {
    const slot = slotOf(this.slots, ...this.hashOf(key))
    return this.slots[slot] === 0 && this.slots[slot + 1] === 0 ? undefined : slot
  }

  /** Never 0, 0, which is a free slot. */
  private hashOf(bytes: Buffer): [low: number, high: number] {
    const length = this.seed.length + bytes.length
    if (this.scratch.length < length) this.scratch = Buffer.alloc(2 * length)
    this.scratch.set(this.seed, 0)
    this.scratch.set(bytes, this.seed.length)
    const digest = hash('sha256', this.scratch.subarray(0, length), 'buffer')
    return [digest.readUInt32LE(0), digest.readUInt32LE(4) || 1]
  }

  private grow(): void {
    const { slots, met } = this
    this.slots = new Uint32Array(slots.length * 2)
    this.met = new Uint8Array(met.length * 2)
    for (let at = 0; at < slots.length; at += WORDS) {
      const low = slots[at] ?? 0
      const high = slots[at + 1] ?? 0
      if (low === 0 && high === 0) continue
      const slot = slotOf(this.slots, low, high)
      this.slots.set(slots.subarray(at, at + WORDS), slot)
      this.met[slot / WORDS] = met[at / WORDS] ?? 0
    }
  }
}

function slotOf(slots: Uint32Array, low: number, high: number): number {
  const mask = slots.length / WORDS - 1
  let slot = low & mask
  for (;;) {
    const [a, b] = [slots[slot * WORDS], slots[slot * WORDS + 1]]
    if ((a === 0 && b === 0) || (a === low && b === high)) return slot * WORDS
    slot = (slot + 1) & mask
  }
}
