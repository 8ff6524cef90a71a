import { createHash } from 'node:crypto'

export interface Tally {
  keys: number
  /** 64 hex digits. */
  digest: string
}

const MODULUS = 1n << 256n

/**
 * What the drill knows of the data by itself: the sum of the pairs' SHA-256, so that order does not matter. On purpose
 * not the product's digest, which the drill is to prove.
 */
export function newTally() {
  let keys = 0
  let sum = 0n
  return {
    add(key: Buffer, value: Buffer): void {
      const length = Buffer.alloc(8)
      length.writeBigUInt64BE(BigInt(key.length))
      const hash = createHash('sha256').update(length).update(key).update(value).digest('hex')
      sum = (sum + BigInt(`0x${hash}`)) % MODULUS
      keys += 1
    },
    result: (): Tally => ({ keys, digest: sum.toString(16).padStart(64, '0') }),
  }
}
