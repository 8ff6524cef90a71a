/** S3 wants parts of at least 5 MiB and takes 10,000 of them. 4 of 5 MiB at once are as fast as of 16, with 45 MB less. */
export const PART_BYTES = 5 << 20

/** Part sizes grow, so that 10,000 parts hold far more than any etcd: 5 MiB up to part 1000, then 20 MiB. */
export function partBytes(number: number): number {
  return number <= 1000 ? PART_BYTES : 4 * PART_BYTES
}

export interface Part {
  number: number
  bytes: Buffer
  last: boolean
}

/**
 * Cuts a stream into parts. The last one may be empty only when it is the first. At most one part is filled ahead;
 * `take` gives buffers that are not in use, so that memory stays flat.
 */
export async function* partsOf(
  source: AsyncIterable<Buffer>,
  take: (size: number) => Buffer,
): AsyncGenerator<Part, void, undefined> {
  let number = 1
  let buffer: Buffer | undefined
  let filled = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      if (buffer && filled === buffer.length) {
        yield { number: number++, bytes: buffer, last: false }
        buffer = undefined
      }
      if (!buffer) {
        buffer = take(partBytes(number))
        filled = 0
      }
      const count = chunk.copy(buffer, filled, at)
      filled += count
      at += count
    }
  }
  yield { number, bytes: (buffer ?? Buffer.alloc(0)).subarray(0, filled), last: true }
}
