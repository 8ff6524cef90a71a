import type { Readable } from 'node:stream'

/**
 * The chunks of a source as buffers. Unlike `for await` on the stream itself it also ends when the signal fires while
 * the source is silent or deaf to `destroy`, and an error of the source that comes before the first read is not
 * lost. Call it at once, read it later. The source is destroyed at the end.
 */
export function chunksOf(source: Readable, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  source.on('error', () => undefined) // it comes out of the iteration
  return read(source, signal)
}

async function* read(source: Readable, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let reject: (reason: unknown) => void = () => undefined
  const stop = () => reject(signal?.reason)
  signal?.addEventListener('abort', stop)
  try {
    for (;;) {
      signal?.throwIfAborted()
      const next = await new Promise<IteratorResult<Buffer | string>>((resolve, fail) => {
        reject = fail
        iterator.next().then(resolve, fail)
      })
      if (next.done) return
      yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value
    }
  } finally {
    signal?.removeEventListener('abort', stop)
    source.destroy()
  }
}
