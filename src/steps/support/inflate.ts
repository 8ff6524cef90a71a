import { createHash, randomBytes } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PageSource } from '../../bolt/index.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { BadGzip, gunzip } from '../../gzip/index.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { unpackedRoom } from './unpacked-room.ts'

export interface Inflated {
  db: PageSource
  findings: string[]
  /** Of the gzip. */
  bytesRead(): number
  close(): Promise<void>
}

interface InflateOptions {
  /** Where a large one goes. */
  scratch: Scratch
  signal: AbortSignal
  /** For messages. */
  name: string
  onBytes?: (bytes: number) => void
  /** Kept in memory up to this many bytes. */
  inMemory?: number
}

/** Small enough for any machine; most backups of a cluster's etcd are smaller. */
const IN_MEMORY = 64 * 1024 * 1024
const DIGEST_BYTES = 32
const SECTOR_BYTES = 512

/**
 * Unpacks `etcd.backup.gz` for reading in any order. Up to 64 MiB stay in memory; a larger one goes to a file (0600)
 * that loses its name as soon as it is open, so that nothing stays on disk however this process ends. The trailing
 * SHA-256 and the completeness of the gzip are checked on the way; what is wrong with them is a finding where there is
 * still a database to read, and `BACKUP_INVALID` where there is none.
 */
export async function inflateBackup(packed: Readable, options: InflateOptions): Promise<Inflated> {
  const { signal, onBytes, inMemory = IN_MEMORY } = options
  const target = await openTarget(options.scratch, inMemory)
  const check = trailingCheck()
  let packedBytes = 0
  const unpack = (source: AsyncIterable<Buffer>) =>
    gunzip(source, (total) => {
      packedBytes = total
    })
  try {
    let cut: string | undefined
    try {
      await pipeline(packed, unpack, take(target, check, onBytes), { signal })
    } catch (error) {
      if (!(error instanceof BadGzip)) throw error
      cut = `unusable: its gzip ${error.what} (${target.size()} bytes were unpacked)`
    }
    if (target.size() === 0) throw nothingIn(options.name)
    const wrong = cut ?? check.problem(target.size())
    const findings = wrong === undefined ? [] : [wrong]
    return { db: target.source(), findings, bytesRead: () => packedBytes, close: target.close }
  } catch (error) {
    await target.close()
    throw error
  }
}

interface Target {
  write(chunk: Buffer): Promise<void>
  size(): number
  source(): PageSource
  close(): Promise<void>
}

function take(target: Target, check: TrailingCheck, onBytes?: (bytes: number) => void) {
  return async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      await target.write(chunk)
      check.add(chunk)
      onBytes?.(target.size())
    }
  }
}

/** In memory first; what turns out to be larger moves to the nameless file. */
async function openTarget(scratch: Scratch, inMemory: number): Promise<Target> {
  let chunks: Buffer[] = []
  let whole: Buffer | undefined
  let size = 0
  let file: NamelessFile | undefined
  return {
    size: () => size,
    write: async (chunk) => {
      if (file === undefined && size + chunk.length > inMemory) {
        file = await namelessFile(scratch)
        for (const held of chunks) await file.append(held)
        chunks = []
      }
      if (file) await file.append(chunk)
      else chunks.push(chunk)
      size += chunk.length
    },
    source: () => ({
      size,
      read: async (offset, length) => {
        if (file) return file.read(offset, length)
        whole ??= Buffer.concat(chunks.splice(0))
        return whole.subarray(offset, offset + length)
      },
    }),
    close: async () => {
      chunks = []
      whole = undefined
      await file?.close()
    },
  }
}

interface NamelessFile {
  append(chunk: Buffer): Promise<void>
  read(offset: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

async function namelessFile(scratch: Scratch): Promise<NamelessFile> {
  const path = await scratch.file(randomBytes(8).toString('hex'))
  const handle = await open(path, 'wx+', 0o600)
  await unlink(path)
  const room = unpackedRoom(scratch)
  return {
    append: async (chunk) => {
      await room(chunk.length)
      await handle.appendFile(chunk).catch((error) => {
        throw isFull(error) ? full(path, error) : error
      })
    },
    read: async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    },
    close: () => handle.close(),
  }
}

interface TrailingCheck {
  add(chunk: Buffer): void
  problem(size: number): string | undefined
}

/** Hashes all but the last 32 bytes of what passes, which are the hash of the rest (FACTS 2). */
function trailingCheck(): TrailingCheck {
  const hash = createHash('sha256')
  let held = Buffer.alloc(0)
  return {
    add: (chunk) => {
      const all = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const end = Math.max(0, all.length - DIGEST_BYTES)
      hash.update(all.subarray(0, end))
      held = Buffer.from(all.subarray(end))
    },
    problem: (size) => {
      if (size % SECTOR_BYTES !== DIGEST_BYTES)
        return 'unusable: it carries no SHA-256, so etcd-manager would loop on it'
      if (!hash.digest().equals(held)) return 'unusable: its SHA-256 is not that of its content'
      return undefined
    },
  }
}

const isFull = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC'

function full(path: string, cause: unknown): RescueError {
  return new RescueError('DISK_FULL', `there is no room to unpack a backup at ${path}`, {
    hint: 'name a directory with room by --work-dir; what was written is gone again',
    cause,
  })
}

function nothingIn(name: string): RescueError {
  return new RescueError('BACKUP_INVALID', `there is nothing to read in ${name}: its gzip is cut or damaged`, {
    hint: 'choose another: etcd-rescue backup list',
  })
}
