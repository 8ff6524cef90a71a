import { fstatSync, read, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { madeBuffers } from '../memory/made-buffers.ts'
import { combineCrc32 } from './combine-crc32.ts'
import { BLOCK_BYTES, LEVEL, WORKERS } from './defaults.ts'
import type { Ahead } from './deflate-ahead.ts'
import { explain } from './explain.ts'
import { HEADER, trailer } from './member.ts'
import { type StoredPiece, startPool } from './worker-pool.ts'

const readAt = promisify(read)

/**
 * A file as one ordinary gzip member, the same bytes as `gzipParallel` makes. The threads read the file themselves, so
 * that nothing of it passes through the main thread. Blocks of `ahead` are taken where they were made of this file, or of
 * equal bytes of another; it is not closed. The file must not change meanwhile.
 */
export function gzipFile(path: string, ahead?: Ahead): Readable {
  return Readable.from(member(path, ahead), { objectMode: false, highWaterMark: BLOCK_BYTES })
}

/** Made of this very file, and not of what it has become of: there is nothing to compare with. */
function isOf({ sourceFd }: StoredPiece, { dev, ino }: Stats): boolean {
  const source = fstatSync(sourceFd)
  return source.ino === ino && source.dev === dev
}

async function readStored({ fd, at, bytes, crc }: StoredPiece): Promise<{ deflated: Uint8Array; crc: number }> {
  const deflated = Buffer.allocUnsafeSlow(bytes)
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await readAt(fd, deflated, done, bytes - done, at + done)
    if (bytesRead === 0) throw new Error('the blocks that were compressed ahead are gone')
    done += bytesRead
  }
  return { deflated, crc }
}

async function* member(path: string, ahead: Ahead | undefined): AsyncGenerator<Buffer> {
  const others = ahead?.pool()
  const pool = others ?? startPool(WORKERS, LEVEL)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { fd } = handle
    const file = await handle.stat()
    const { size } = file
    const begin = (at: number) => {
      const piece = { fd, at, length: Math.min(BLOCK_BYTES, size - at) }
      const stored = ahead?.blockAt(at)
      const answer = stored && isOf(stored, file) ? readStored(stored) : pool.deflatePiece(piece, stored)
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
      madeBuffers(deflated.length)
      crc = combineCrc32(crc, own, length)
      yield Buffer.from(deflated.buffer, deflated.byteOffset, deflated.byteLength)
    }
    yield trailer(crc, size)
  } catch (error) {
    throw explain(error instanceof Error ? error : new Error(String(error)))
  } finally {
    if (!others) await pool.close()
    await handle?.close()
  }
}
