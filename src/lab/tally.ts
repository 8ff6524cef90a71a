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
export function newTally(start: Tally = { keys: 0, digest: '0' }) {
  let { keys } = start
  let sum = BigInt(`0x${start.digest}`)
  return {
    add(key: Buffer, value: Buffer): void {
      sum = (sum + hashOf(key, value)) % MODULUS
      keys += 1
    },
    /** Of a pair that was added. */
    remove(key: Buffer, value: Buffer): void {
      sum = (sum + MODULUS - hashOf(key, value)) % MODULUS
      keys -= 1
    },
    result: (): Tally => ({ keys, digest: sum.toString(16).padStart(64, '0') }),
  }
}

function hashOf(key: Buffer, value: Buffer): bigint {
  const length = Buffer.alloc(8)
  length.writeBigUInt64BE(BigInt(key.length))
  return BigInt(`0x${createHash('sha256').update(length).update(key).update(value).digest('hex')}`)
}
