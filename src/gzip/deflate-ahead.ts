import { closeSync, fstatSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { BLOCK_BYTES, LEVEL, WORKERS } from './defaults.ts'
import { type Pool, type StoredPiece, startPool } from './worker-pool.ts'

/** The blocks of a file, deflated on threads into another one before it is known whether they will be needed. */
export interface Ahead {
  /** So many bytes of the file are there now: its whole blocks up to here may be read. `isWhole`: no more will come. */
  reached(bytes: number, isWhole?: boolean): void
  /**
   * Goes on with the file that this one has become, all of whose whole blocks are there: those that are the same in both,
   * byte for byte, are kept, and others deflated anew. Nothing happens when it is that file already. The file must not
   * change any more but at its end.
   */
  follow(path: string): Promise<void>
  /** The whole block that begins at this byte, when it is deflated; `undefined` when it will not be. */
  block(at: number): Promise<StoredPiece | undefined>
  /** Ends the threads, closes all files and removes the one that was made. */
  close(): Promise<void>
}

/** The file that is deflated now. */
interface Source {
  fd: number
  available: number
  next: number
  /** Nothing more will come. */
  isWhole: boolean
  /** Set when no more of its blocks are begun. */
  isOver: boolean
}

/**
 * Deflates the blocks of a file that is still being written, as far as it is there, into `store` (0600). Nothing here needs
 * to be right about how the file will end: see `follow`. What fails (a full disk) ends it, and leaves what was done before.
 */
export function deflateAhead(path: string, store: string): Ahead {
  const storeFd = openSync(store, 'w+', 0o600)
  let source = openSource(path, storeFd)
  const opened = [storeFd, source.fd]
  const blocks = new Map<number, StoredPiece>()
  const running = new Map<number, Promise<void>>()
  let pool: Pool | undefined
  let resting: Promise<void> = Promise.resolve()
  let isClosed = false
  /** One change of files after the other. */
  let following: Promise<void> = Promise.resolve()
  /** Settles when the next block is done, or none is coming. */
  let progress = signal()

  function pump(): void {
    while (!source.isOver && running.size < WORKERS && source.next + BLOCK_BYTES <= source.available) {
      const at = source.next
      source.next += BLOCK_BYTES
      const work = make(source, at).finally(() => {
        running.delete(at)
        pump()
        progress.resolve()
        progress = signal()
      })
      running.set(at, work)
    }
    if (running.size === 0 && (source.isWhole || source.isOver)) rest()
  }

  async function make(from: Source, at: number): Promise<void> {
    // a deflated block may be longer than the block: zlib's own bound, and some
    const to = (at / BLOCK_BYTES) * SLOT_BYTES
    try {
      pool ??= startPool(WORKERS, LEVEL, { nice: NICE })
      const { crc, bytes } = await pool.storePiece(
        { fd: from.fd, at, length: BLOCK_BYTES },
        storeFd,
        to,
        blocks.get(at),
      )
      blocks.set(at, { sourceFd: from.fd, fd: storeFd, at: to, crc, bytes })
    } catch {
      // its place may have been written over in part
      blocks.delete(at)
      from.isOver = true
    }
  }

  /** Threads with nothing left to do hold memory. */
  function rest(): void {
    const ended = pool?.close()
    pool = undefined
    if (ended) resting = Promise.all([resting, ended]).then(() => {})
  }

  /** Begins no more blocks of the file of now, and waits for those under way. */
  async function finish(): Promise<void> {
    source.isOver = true
    await Promise.all(running.values())
  }

  async function change(path: string): Promise<void> {
    if (isClosed) return
    const fd = openSync(path, 'r')
    opened.push(fd)
    if (isSame(fd, source.fd)) return
    await finish()
    if (isClosed) return
    source = { fd, available: fstatSync(fd).size, next: 0, isWhole: true, isOver: false }
    pump()
  }

  return {
    reached: (bytes, isWhole = false) => {
      source.available = Math.max(source.available, bytes)
      source.isWhole ||= isWhole
      pump()
    },
    follow: (path) => {
      const next = following.then(() => change(path))
      following = next.catch(() => {})
      return next
    },
    block: async (at) => {
      for (;;) {
        const made = blocks.get(at)
        if (made?.sourceFd === source.fd) return made
        const isComing =
          running.has(at) || (!source.isOver && at >= source.next && at + BLOCK_BYTES <= source.available)
        if (!isComing) return undefined
        await progress.promise
      }
    },
    close: async () => {
      isClosed = true
      await following
      await finish()
      await pool?.close()
      await resting
      for (const fd of opened) closeSync(fd)
      await rm(store, { force: true })
    },
  }
}

/** A file to read, or none of both. */
function openSource(path: string, storeFd: number): Source {
  try {
    return { fd: openSync(path, 'r'), available: 0, next: 0, isWhole: false, isOver: false }
  } catch (error) {
    closeSync(storeFd)
    throw error
  }
}

function isSame(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)]
  return a.ino === b.ino && a.dev === b.dev
}

function signal() {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

/** Of threads whose work is wanted only later: whatever is waited for now goes first. */
const NICE = 10
const SLOT_BYTES = BLOCK_BYTES + (BLOCK_BYTES >> 9) + 1024
