import { read } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { madeBuffers } from '../memory/collect.ts'
import { combineCrc32 } from './combine-crc32.ts'
import { BLOCK_BYTES, LEVEL, WORKERS } from './defaults.ts'
import type { Ahead } from './deflate-ahead.ts'
import { explain } from './explain.ts'
import { HEADER, trailer } from './member.ts'
import { type StoredPiece, startPool } from './worker-pool.ts'

const readAt = promisify(read)

/**
 * A file as one ordinary gzip member, the same bytes as `gzipParallel` makes. The threads read the file themselves, so
 * that nothing of it passes through the main thread. `ahead` follows the file, and its blocks are taken as they come; it is
 * not closed. The file must not change meanwhile.
 */
export function gzipFile(path: string, ahead?: Ahead): Readable {
  return Readable.from(member(path, ahead), { objectMode: false, highWaterMark: BLOCK_BYTES })
}

/** A block of the file, deflated. */
interface Block {
  length: number
  answer: Promise<{ deflated: Uint8Array; crc: number }>
}

async function* member(path: string, ahead: Ahead | undefined): AsyncGenerator<Buffer> {
  const pool = startPool(WORKERS, LEVEL)
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const { fd } = handle
    const { size } = await handle.stat()
    await ahead?.follow(path)
    const deflate = async (at: number, length: number) => {
      const stored = length === BLOCK_BYTES ? await ahead?.block(at) : undefined
      return stored ? readStored(stored) : pool.deflatePiece({ fd, at, length })
    }
    const begin = (at: number): Block => {
      const length = Math.min(BLOCK_BYTES, size - at)
      const answer = deflate(at, length)
      // met at an await below; until then it must not count as unhandled
      answer.catch(() => {})
      return { length, answer }
    }
    yield HEADER
    const begun: Block[] = []
    let crc = 0
    for (let at = 0; at < size || begun.length > 0; ) {
      for (; at < size && begun.length < WORKERS + 2; at += BLOCK_BYTES) begun.push(begin(at))
      const { length, answer } = begun.shift() as Block
      const { deflated, crc: own } = await answer
      madeBuffers(deflated.length)
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

async function readStored({ fd, at, bytes, crc }: StoredPiece): Promise<{ deflated: Uint8Array; crc: number }> {
  const deflated = Buffer.allocUnsafeSlow(bytes)
  for (let done = 0; done < bytes; ) {
    const { bytesRead } = await readAt(fd, deflated, done, bytes - done, at + done)
    if (bytesRead === 0) throw new Error('the blocks that were compressed ahead are gone')
    done += bytesRead
  }
  return { deflated, crc }
}
