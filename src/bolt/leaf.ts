import { badPage } from './damage.ts'
import { ELEMENT_BYTES, HEADER_BYTES, type Page } from './page.ts'

const MAX_KEY_BYTES = 32 * 1024

/**
 * Checks every element of a leaf: within the page, not overlapping, keys ascending. Gives where the first key begins and
 * ends, and the last; `undefined` for an empty leaf. Makes no objects: a large database has a million leaves.
 */
export function checkLeaf(page: Page): [number, number, number, number] | undefined {
  const { body, count, length, id } = page
  if (count === 0) return undefined
  const lowest = HEADER_BYTES + count * ELEMENT_BYTES
  let claimed = 0
  let previousStart = 0
  let previousEnd = 0
  let firstStart = 0
  let firstEnd = 0
  for (let index = 0; index < count; index++) {
    const at = HEADER_BYTES + index * ELEMENT_BYTES
    if (body.readUInt32LE(at) > 1) throw badPage(id, `element ${index} has an unknown type`)
    const keyStart = at + body.readUInt32LE(at + 4)
    const keyBytes = body.readUInt32LE(at + 8)
    const bytes = keyBytes + body.readUInt32LE(at + 12)
    if (keyBytes === 0 || keyBytes > MAX_KEY_BYTES) throw badPage(id, `element ${index} has a key of ${keyBytes} bytes`)
    if (keyStart < lowest || keyStart + bytes > length) throw badPage(id, `element ${index} reaches out of the page`)
    claimed += bytes
    if (claimed > length) throw badPage(id, 'its elements overlap')
    const keyEnd = keyStart + keyBytes
    if (index === 0) {
      firstStart = keyStart
      firstEnd = keyEnd
    } else if (compareBytes(body, previousStart, previousEnd, body, keyStart, keyEnd) >= 0)
      throw badPage(id, 'its keys are not in order')
    previousStart = keyStart
    previousEnd = keyEnd
  }
  return [firstStart, firstEnd, previousStart, previousEnd]
}

/** Negative, 0 or positive, as `Buffer.compare`, for pieces of buffers. */
export function compareBytes(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): number {
  const common = Math.min(aEnd - aStart, bEnd - bStart)
  for (let at = 0; at < common; at++) {
    const difference = (a[aStart + at] ?? 0) - (b[bStart + at] ?? 0)
    if (difference !== 0) return difference
  }
  return aEnd - aStart - (bEnd - bStart)
}
