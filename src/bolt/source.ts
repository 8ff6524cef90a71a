import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { RescueError } from '../errors/rescue-error.ts'
import { madeBuffers } from '../memory/collect.ts'

/** Random access to a file: on this machine, in memory, or on a node. */
export interface PageSource {
  /** Bytes, at the time it was opened. */
  readonly size: number
  /** There is no such file; it is looked at as one of 0 bytes. */
  readonly isMissing?: true
  /** Exactly `length` bytes from `offset`; the caller stays below `size`. Concurrent reads are fine. */
  read(offset: number, length: number): Promise<Buffer>
}

export type OpenSource = PageSource & { close(): Promise<void> }

export function bufferSource(content: Buffer): PageSource {
  return { size: content.length, read: async (offset, length) => content.subarray(offset, offset + length) }
}

/** In the place of a database file that is not there. */
export const NO_FILE: PageSource = { ...bufferSource(Buffer.alloc(0)), isMissing: true }

/** A regular file on this machine, opened for reading only. `LOCAL_FILE`, or `COPY_CHANGED` when it shrinks meanwhile. */
export async function openFileSource(path: string): Promise<OpenSource> {
  const handle = await openRegular(path)
  const { size } = await handle.stat()
  return {
    size,
    read: (offset, length) => readExactly(handle, path, offset, length),
    close: () => handle.close(),
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    // O_NONBLOCK: a FIFO in place of the file must not hang
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    if ((await handle.stat()).isFile()) return handle
    await handle.close()
    throw new Error('not a regular file')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RescueError('LOCAL_FILE', `cannot read ${path}: ${why}`, {
      hint: 'check the path and its permissions',
      cause: error,
    })
  }
}

async function readExactly(handle: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
  madeBuffers(length)
  const buffer = Buffer.allocUnsafe(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done)
    if (bytesRead === 0) {
      throw new RescueError('COPY_CHANGED', `${path} became shorter while it was read`, {
        hint: 'make sure that no etcd uses it, and fetch it again',
      })
    }
    done += bytesRead
  }
  return buffer
}

/** What a wrapper around a source tells of the file. */
export function aboutFile({ size, isMissing }: PageSource): Pick<PageSource, 'size' | 'isMissing'> {
  return { size, ...(isMissing && { isMissing }) }
}

/** The same source, and how many bytes were read from it. */
export function countedSource(source: PageSource): PageSource & { bytesRead(): number } {
  let bytes = 0
  return {
    ...aboutFile(source),
    read: (offset, length) => {
      bytes += length
      return source.read(offset, length)
    },
    bytesRead: () => bytes,
  }
}
