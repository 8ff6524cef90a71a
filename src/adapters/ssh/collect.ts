import type { Readable } from 'node:stream'

/** stderr is for a message; more than its end helps nobody. */
export const STDERR_BYTES = 8 * 1024

/** Keeps the last bytes of a stream while it flows. */
export function tailOf(stream: Readable, bytes = STDERR_BYTES): () => string {
  let tail: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk])
    if (tail.length > bytes) tail = tail.subarray(tail.length - bytes)
  })
  stream.on('error', () => {})
  return () => tail.toString('utf8')
}

/** Collects a stream up to a limit; `onTooMuch` is called once, and nothing is kept from then on. */
export function collect(stream: Readable, limit: number, onTooMuch: () => void): () => string {
  const chunks: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    if (size > limit) return
    size += chunk.length
    if (size <= limit) return void chunks.push(chunk)
    chunks.length = 0
    onTooMuch()
  })
  stream.on('error', () => {})
  return () => Buffer.concat(chunks).toString('utf8')
}
