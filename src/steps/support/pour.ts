import { type Readable, Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { diskError, meter } from './files.ts'
import { openPart, type PartFile } from './part-file.ts'

interface PourOptions {
  /** Gets the same bytes; back-pressure of the slower of the two holds. Ended only after the file was finished. */
  outgoing?: Writable | undefined
  through?: NodeJS.ReadWriteStream | ((source: AsyncIterable<Buffer>) => AsyncIterable<Buffer>) | undefined
  onBytes?: (total: number) => void
  signal: AbortSignal
  /** Default: yes. `false`: nothing is synced; see `mustBeOfThisBoot`. */
  isDurable?: boolean
}

/**
 * Writes a stream to a file (part, rename; 0600) and to the next step where steps run together.
 * Resolves to the length in bytes and the SHA-256 of what was written; `DISK_FULL` when there was no room.
 */
export async function pour(
  source: Readable,
  path: string,
  options: PourOptions,
): Promise<{ bytes: number; sha256: string }> {
  const { outgoing, through, onBytes, signal, isDurable = true } = options
  let file: PartFile | undefined
  try {
    file = await openPart(path, 'w', { isDurable })
    const counted = meter(onBytes)
    const stages = [source, through, counted.stream, outgoing && splitInto(outgoing), file.stream]
    const present = stages.filter((stage) => stage !== undefined)
    await pipeline(present as [Readable, ...NodeJS.ReadWriteStream[], Writable], { signal })
    await file.finish()
    outgoing?.end()
    return { bytes: counted.bytes(), sha256: counted.sha256() }
  } catch (error) {
    outgoing?.destroy(error instanceof Error ? error : new Error(String(error)))
    throw diskError(error, path)
  } finally {
    await file?.close()
  }
}

/** Passes chunks on and writes each to a second stream as well, waiting for both. */
function splitInto(second: Writable): Transform {
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      if (second.destroyed) return done(second.errored ?? new Error('the next step stopped reading'))
      if (second.write(chunk)) return done(null, chunk)
      const go = (error?: Error | null) => {
        second.off('drain', onDrain)
        second.off('close', onClose)
        done(error ?? null, chunk)
      }
      const onDrain = () => go()
      const onClose = () => go(second.errored ?? new Error('the next step stopped reading'))
      second.once('drain', onDrain)
      second.once('close', onClose)
    },
  })
}
