import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { combineCrc32 } from './combine-crc32.ts'
import { BLOCK_BYTES, LEVEL, WORKERS } from './defaults.ts'
import type { Ahead } from './deflate-ahead.ts'
import { explain } from './explain.ts'
import { HEADER, trailer } from './member.ts'
import { startPool } from './worker-pool.ts'

/**
 * A file as one ordinary gzip member, the same bytes as `gzipParallel` makes. The threads read the file themselves, so
 * that nothing of it passes through the main thread. Blocks of `ahead` are taken where they were made of equal bytes; it
 * is not closed. The file must not change meanwhile.
 */
export function gzipFile(path: string, ahead?: Ahead): Readable {
  return Readable.from(member(path, ahead), { objectMode: false, highWaterMark: BLOCK_BYTES })
}

async function* member(path: string, ahead: Ahead | undefined): AsyncGenerator<Buffer> {
  const pool = startPool(WORKERS, LEVEL)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { fd } = handle
    const { size } = await handle.stat()
    const begin = (at: number) => {
      const piece = { fd, at, length: Math.min(BLOCK_BYTES, size - at) }
      const answer = pool.deflatePiece(piece, ahead?.blockAt(at))
      // met at an await below; until then it must not count as unhandled
      answer.catch(() => {})
      return { length: piece.length, answer }
    }
    yield HEADER
    const begun: ReturnType<typeof begin>[] = []
    let crc = 0
    for (let at = 0; at < size || begun.length > 0; ) {
      for (; at < size && begun.length < WORKERS + 2; at += BLOCK_BYTES) begun.push(begin(at))
      const { length, answer } = begun.shift() as ReturnType<typeof begin>
      const { deflated, crc: own } = await answer
      crc = combineCrc32(crc, own, length)
      yield Buffer.from(deflated.buffer, deflated.byteOffset, deflated.byteLength)
    }
    yield trailer(crc, size)
  } catch (error) {
    throw explain(error instanceof Error ? error : new Error(String(error)))
  } finally {
    await pool.close()
    await handle?.close()
  }
}
