import { RescueError } from '../../errors/rescue-error.ts'
import type { ObjectStore } from '../../ports/object-store.ts'

/** So many bytes of an object; `COPY_CHANGED` when the store gives fewer or more. */
export async function readRange(
  store: ObjectStore,
  key: string,
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0)
  // both ends are included
  const stream = await store.stream(key, { start: offset, end: offset + length - 1, signal })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > length) break
    chunks.push(chunk)
  }
  if (bytes === length) return Buffer.concat(chunks)
  throw new RescueError('COPY_CHANGED', `${store.url}/${key} gave ${bytes} bytes where ${length} were asked for`, {
    hint: 'it may be written just now, or the store does not know ranges: download it, and name the file',
  })
}
