import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { syncPath } from './files.ts'

/** So much may wait for the disk at the end of a file. */
const FLUSH_BYTES = 64 << 20

/**
 * A file that is being written under the name `<path>.part`. What is written goes to the disk while more comes, so that
 * the sync at the end is short.
 */
export interface PartFile {
  stream: Writable
  /** Syncs, closes, and gives the file its name. Part file, fsync, rename: a half-written file never has it. */
  finish(): Promise<void>
  /** Closes what was not finished; safe to call after `finish`. */
  close(): Promise<void>
}

/** Opens the part of `path`, 0600; `a` goes on with what is there, `w` begins anew. */
export async function openPart(path: string, flags: 'w' | 'a'): Promise<PartFile> {
  const part = `${path}.part`
  const handle = await open(part, flags, 0o600)
  const flush = flusher(handle)
  const stream = writerOf(handle, flush.wrote)
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    await flush.idle()
    await handle.close()
  }
  return {
    stream,
    finish: async () => {
      await flush.idle()
      flush.check()
      await handle.sync()
      await close()
      await rename(part, path)
      await syncPath(dirname(path))
    },
    close,
  }
}

/** Ending it leaves the file open: it is to be synced. */
function writerOf(handle: FileHandle, wrote: (bytes: number) => void): Writable {
  const write = async (chunks: Buffer[]) => {
    for (let left = chunks; left.length > 0; ) {
      const { bytesWritten } = await handle.writev(left)
      wrote(bytesWritten)
      left = after(left, bytesWritten)
    }
  }
  return new Writable({
    highWaterMark: 4 << 20,
    write: (chunk: Buffer, _encoding, done) => void write([chunk]).then(() => done(), done),
    writev: (chunks, done) => void write(chunks.map(({ chunk }) => chunk as Buffer)).then(() => done(), done),
  })
}

/** What is left of the chunks after so many bytes of them were written. */
function after(chunks: Buffer[], written: number): Buffer[] {
  let skip = written
  return chunks.flatMap((chunk) => {
    const taken = Math.min(skip, chunk.length)
    skip -= taken
    return taken === chunk.length ? [] : [chunk.subarray(taken)]
  })
}

/** At most one flush at a time; a failed one is told at the end, since the next one may not fail again. */
function flusher(handle: FileHandle) {
  let waiting = 0
  let running: Promise<void> | undefined
  let failure: { error: unknown } | undefined
  return {
    wrote: (bytes: number) => {
      waiting += bytes
      if (waiting < FLUSH_BYTES || running) return
      waiting = 0
      const flushed = handle.datasync().catch((error: unknown) => {
        failure ??= { error }
      })
      running = flushed.finally(() => {
        running = undefined
      })
    },
    idle: async () => running,
    check: () => {
      if (failure) throw failure.error
    },
  }
}
