import { Worker } from 'node:worker_threads'

/** A part of a file that is open, in bytes. The descriptor must stay open until the answer is there. */
export interface Piece {
  fd: number
  at: number
  length: number
}

/** A piece's deflated bytes, and where they are. */
export interface StoredPiece {
  /** What they were made of, at the same place of this file. */
  sourceFd: number
  crc: number
  fd: number
  at: number
  bytes: number
}

type Job =
  | { kind: 'block'; block: ArrayBuffer; length: number }
  | ({ kind: 'piece' } & Piece)
  | ({ kind: 'store'; toFd: number; to: number; ahead: StoredPiece | undefined } & Piece)

export interface Pool {
  /** The block is moved to a thread; the first `length` bytes count. Resolves to them deflated, and the block back. */
  deflate(block: ArrayBuffer, length: number): Promise<{ deflated: Uint8Array; block: ArrayBuffer }>
  /** Reads and deflates a piece of a file. */
  deflatePiece(piece: Piece): Promise<{ deflated: Uint8Array; crc: number }>
  /**
   * Deflates a piece of a file into a place of another, unless it equals what `ahead` was made of, which is there already.
   * Resolves to the CRC-32 of the piece and the length of its deflated bytes.
   */
  storePiece(piece: Piece, toFd: number, to: number, ahead?: StoredPiece): Promise<{ crc: number; bytes: number }>
  /** Ends all threads; what is still asked for rejects. */
  close(): Promise<void>
}

/** Threads that deflate blocks, each block on the thread with the fewest waiting. A thread starts when it is needed. */
export function startPool(size: number, level: number, { nice = 0 } = {}): Pool {
  const url = new URL('./deflate-worker.mjs', import.meta.url)
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  const threads: { worker: Worker; load: number }[] = []
  let next = 0
  let failure: Error | undefined

  function fail(error: Error): void {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }

  function startThread() {
    const worker = new Worker(url, { workerData: { nice }, resourceLimits: { maxYoungGenerationSizeMb: 2 } })
    const thread = { worker, load: 0 }
    worker.on('message', (answer: { id: number }) => {
      thread.load -= 1
      waiting.get(answer.id)?.resolve(answer as never)
      waiting.delete(answer.id)
    })
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`a gzip thread ended (${code})`)))
    threads.push(thread)
    return thread
  }

  function freest() {
    const free = threads.toSorted((a, b) => a.load - b.load)[0]
    return free && (free.load === 0 || threads.length === size) ? free : startThread()
  }

  function ask<T>(job: Job, moved: ArrayBuffer[] = []): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (failure) return reject(failure)
      const thread = freest()
      next += 1
      thread.load += 1
      waiting.set(next, { resolve, reject })
      thread.worker.postMessage({ id: next, level, ...job }, moved)
    })
  }

  return {
    deflate: (block, length) => ask({ kind: 'block', block, length }, [block]),
    deflatePiece: (piece) => ask({ kind: 'piece', ...piece }),
    storePiece: (piece, toFd, to, ahead) => ask({ kind: 'store', toFd, to, ahead, ...piece }),
    close: async () => {
      fail(new Error('gzip was stopped'))
      await Promise.all(threads.map(({ worker }) => worker.terminate()))
    },
  }
}
