import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { syncPath } from './files.ts'

/** So much may wait for the disk at the end of a file. */
const FLUSH_BYTES = 64 << 20
const GATHER_BYTES = 1 << 20

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

interface PartOptions {
  /** Gets how much more is in it. */
  onWrote?: (bytes: number) => void
  /** `false`: nothing is synced; see `mustBeOfThisBoot`. */
  isDurable?: boolean
}

/** Opens the part of `path`, 0600; `a` goes on with what is there, `w` begins anew. */
export async function openPart(
  path: string,
  flags: 'w' | 'a',
  { onWrote = () => {}, isDurable = true }: PartOptions = {},
): Promise<PartFile> {
  const part = `${path}.part`
  const handle = await open(part, flags, 0o600)
  const flush = flusher(handle)
  const writer = writerOf(handle, (bytes) => {
    if (isDurable) flush.wrote(bytes)
    onWrote(bytes)
  })
  let closed = false
  const close = async () => {
    if (closed) return
    closed = true
    // of a transfer that broke: the next one goes on from what is there
    await writer.flush().catch(() => {})
    await flush.idle()
    await handle.close()
  }
  return {
    stream: writer.stream,
    finish: async () => {
      await flush.idle()
      flush.check()
      if (isDurable) await handle.sync()
      await close()
      await rename(part, path)
      if (isDurable) await syncPath(dirname(path))
    },
    close,
  }
}

/**
 * Ending it leaves the file open: it is to be synced. What comes over ssh comes in pieces of 32 KiB, and a write of each
 * costs more than hashing it: they are gathered in two buffers, one filled while the other is written.
 */
function writerOf(handle: FileHandle, wrote: (bytes: number) => void) {
  const buffers: [Buffer, Buffer] = [Buffer.alloc(GATHER_BYTES), Buffer.alloc(GATHER_BYTES)]
  let filled = 0
  let adding: Promise<void> = Promise.resolve()
  let writing: Promise<void> = Promise.resolve()

  async function writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, at)
      wrote(bytesWritten)
      at += bytesWritten
    }
  }

  /** Waits for the write before, and begins that of what was gathered. */
  async function begin(): Promise<void> {
    await writing
    writing = writeAll(buffers[0].subarray(0, filled))
    // met at the next turn or at the end
    writing.catch(() => {})
    buffers.reverse()
    filled = 0
  }

  async function add(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(buffers[0], filled, at)
      at += taken
      filled += taken
      if (filled === GATHER_BYTES) await begin()
    }
  }

  /** Resolves when everything that was given is in the file. */
  async function flush(): Promise<void> {
    await adding
    if (filled > 0) await begin()
    await writing
  }

  const stream = new Writable({
    highWaterMark: 4 << 20,
    write: (chunk: Buffer, _encoding, done) => {
      adding = add(chunk)
      adding.then(() => done(), done)
    },
    final: (done) => void flush().then(() => done(), done),
  })
  return { stream, flush }
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
