import { once } from 'node:events'
import { createGunzip, type Gunzip } from 'node:zlib'

/** A gzip that etcd-manager's reader would refuse, after it has destroyed the running cluster (FACTS 4). */
export class BadGzip extends Error {
  /** What is the matter, to be said after "its gzip". */
  readonly what: string
  constructor(what: string, cause?: unknown) {
    super(`the gzip ${what}`, { cause })
    this.what = what
  }
}

/**
 * Unpacks as etcd-manager does, with Go's reader: one member or several after one another, and nothing else. zlib takes
 * zeros after the end for padding and passes over them; Go says `gzip: invalid header` or `unexpected EOF`. `BadGzip`
 * for that and for one that is cut or damaged; what was unpacked until then has been given. `onPacked`: bytes read.
 */
export async function* gunzip(
  packed: AsyncIterable<Buffer>,
  onPacked: (total: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const engine = createGunzip()
  let given = 0
  void feed(packed, engine, (bytes) => {
    given += bytes
    onPacked(given)
  })
  try {
    for await (const chunk of engine) yield chunk as Buffer
    if (given > engine.bytesWritten) throw new BadGzip('has bytes after its end, which etcd-manager refuses')
  } catch (error) {
    throw isZlib(error) ? new BadGzip('is cut or damaged', error) : error
  } finally {
    engine.destroy()
  }
}

/** Writes all of it; where the engine has found the end before, the rest is counted in and not written. */
async function feed(packed: AsyncIterable<Buffer>, engine: Gunzip, count: (bytes: number) => void): Promise<void> {
  const closed = new AbortController()
  engine.once('close', () => closed.abort())
  try {
    for await (const chunk of packed) {
      count(chunk.length)
      if (engine.destroyed) return
      if (!engine.write(chunk)) await once(engine, 'drain', { signal: closed.signal })
    }
    engine.end()
  } catch (error) {
    if (!closed.signal.aborted) engine.destroy(error as Error)
  }
}

function isZlib(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException | undefined)?.code ?? '').startsWith('Z_')
}
