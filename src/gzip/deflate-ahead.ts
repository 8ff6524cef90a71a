import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { BLOCK_BYTES, LEVEL, WORKERS } from './defaults.ts'
import { type Pool, type StoredPiece, startPool } from './worker-pool.ts'

/** Blocks of a file, deflated before it is known whether they will be needed. */
export interface Ahead {
  /** What was made of the block that begins at this byte; `undefined` where nothing was. */
  blockAt(at: number): StoredPiece | undefined
  /**
   * Goes on with the file that this one has become: blocks that are the same in both, byte for byte, are kept, others
   * are deflated anew. The file must not change any more but at its end. What was there before serves until then.
   */
  follow(path: string, bytes: number): DeflatingAhead
  /** Its threads, while they are there: what is left to deflate needs no others, and no more memory. */
  pool(): Pool | undefined
  /** Ends the threads, closes all files and removes the one that was made. */
  close(): Promise<void>
}

export interface DeflatingAhead {
  /** So many bytes of the file are there now: its whole blocks up to here may be read. */
  reached(bytes: number): void
  /** No more blocks are begun; resolves when those under way are done. */
  end(): Promise<Ahead>
}

/** The file of deflated blocks, what is in it, and the files that they were made of. */
interface Store {
  path: string
  fd: number
  blocks: Map<number, StoredPiece>
  sources: number[]
  pool: Pool | undefined
}

/**
 * Deflates the blocks of a file that is still being written, as far as it is there, into `store` (0600); it will have so
 * many bytes. For `gzipFile`, which takes a block of it only for equal bytes: nothing here needs to be right about how
 * the file will end. What fails (a full disk) ends it, and leaves what was done before.
 */
export function deflateAhead(source: string, store: string, bytes: number): DeflatingAhead {
  const fd = openSync(store, 'w+', 0o600)
  try {
    return deflateInto({ path: store, fd, blocks: new Map(), sources: [], pool: undefined }, source, bytes)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

function deflateInto(store: Store, source: string, bytes: number): DeflatingAhead {
  const sourceFd = openSync(source, 'r')
  store.sources.push(sourceFd)
  const running = new Set<Promise<void>>()
  const pool = store.pool ?? startPool(WORKERS, LEVEL, { nice: NICE })
  store.pool = pool
  let available = 0
  let next = 0
  let ended = false
  let hasFailed = false

  function pump(): void {
    while (!ended && !hasFailed && running.size < WORKERS && next + BLOCK_BYTES <= available) {
      const work = begin(next).finally(() => {
        running.delete(work)
        pump()
        if (running.size === 0 && (hasFailed || next + BLOCK_BYTES > bytes)) void closePool(store)
      })
      running.add(work)
      next += BLOCK_BYTES
    }
  }

  async function begin(at: number): Promise<void> {
    const { fd, blocks } = store
    const known = blocks.get(at)
    // a deflated block may be longer than the block: zlib's own bound, and some
    const to = (at / BLOCK_BYTES) * SLOT_BYTES
    try {
      const made = await pool.storePiece({ fd: sourceFd, at, length: BLOCK_BYTES }, fd, to, known)
      blocks.set(at, { sourceFd, fd, at: to, ...made })
    } catch {
      // its place may have been written over in part
      blocks.delete(at)
      hasFailed = true
    }
  }

  return {
    reached: (bytes) => {
      available = Math.max(available, bytes)
      pump()
    },
    end: async () => {
      ended = true
      await Promise.all(running)
      return aheadOf(store)
    },
  }
}

function aheadOf(store: Store): Ahead {
  return {
    blockAt: (at) => store.blocks.get(at),
    follow: (path, bytes) => {
      const following = deflateInto(store, path, bytes)
      following.reached(bytes)
      return following
    },
    pool: () => store.pool,
    close: async () => {
      await closePool(store)
      for (const fd of [store.fd, ...store.sources]) closeSync(fd)
      await rm(store.path, { force: true })
    },
  }
}

/** Threads with nothing left to do hold memory; one that failed is of no more use. */
async function closePool(store: Store): Promise<void> {
  const { pool } = store
  store.pool = undefined
  await pool?.close()
}

/** Of threads whose work is wanted only later: whatever is waited for now goes first. */
const NICE = 10
const SLOT_BYTES = BLOCK_BYTES + (BLOCK_BYTES >> 9) + 1024
