import { type Duplex, Transform, type TransformCallback } from 'node:stream'
import { constants, crc32, deflateRawSync } from 'node:zlib'
import { BLOCK_BYTES, LEVEL, WORKERS } from './defaults.ts'
import { explain } from './explain.ts'
import { HEADER, trailer } from './member.ts'
import { type Pool, startPool } from './worker-pool.ts'

export interface GzipOptions {
  /** 1 (default) to 9. */
  level?: number
  /** Threads. */
  workers?: number
  /** Default 1 MiB. */
  blockBytes?: number
}

/**
 * gzip on worker threads: blocks are deflated side by side, each ended by a sync flush, and joined into one ordinary
 * member, which every reader takes (etcd-manager's in Go included, FACTS 3). Back-pressured; at most `workers + 2`
 * blocks are in memory. Threads end with the stream, however it ends. Input of less than a block starts none.
 */
export function gzipParallel(options: GzipOptions = {}): Duplex {
  return new ParallelGzip(options)
}

class ParallelGzip extends Transform {
  readonly #level: number
  readonly #workers: number
  readonly #blockBytes: number
  readonly #spare: ArrayBuffer[] = []
  /** What is being deflated, in the order of the input. */
  #inFlight: Promise<void>[] = []
  #pool: Pool | undefined
  #block: Buffer
  #filled = 0
  #bytes = 0
  #crc = 0
  /** Everything before is pushed when this resolves. */
  #pushed: Promise<void>

  constructor({ level = LEVEL, workers = WORKERS, blockBytes = BLOCK_BYTES }: GzipOptions) {
    super({ writableHighWaterMark: blockBytes, readableHighWaterMark: blockBytes })
    this.#level = level
    this.#workers = workers
    this.#blockBytes = blockBytes
    this.#block = Buffer.from(new ArrayBuffer(blockBytes))
    this.#pushed = Promise.resolve()
    this.push(HEADER)
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#add(chunk).then(
      () => done(),
      (error) => done(explain(error)),
    )
  }

  override _flush(done: TransformCallback): void {
    this.#finish().then(
      () => done(),
      (error) => done(explain(error)),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const closed = this.#pool?.close() ?? Promise.resolve()
    closed.then(() => done(error), done)
  }

  async #add(chunk: Buffer): Promise<void> {
    this.#crc = crc32(chunk, this.#crc)
    this.#bytes += chunk.length
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.copy(this.#block, this.#filled, at)
      at += taken
      this.#filled += taken
      if (this.#filled === this.#blockBytes) await this.#send()
    }
  }

  /** Hands the block to a thread and waits for a place for the next one. */
  async #send(): Promise<void> {
    this.#pool ??= startPool(this.#workers, this.#level)
    const answer = this.#pool.deflate(this.#block.buffer as ArrayBuffer, this.#filled)
    const before = this.#pushed
    this.#pushed = answer.then(async ({ deflated, block }) => {
      this.#spare.push(block)
      await before
      if (!this.destroyed) this.push(Buffer.from(deflated.buffer, deflated.byteOffset, deflated.byteLength))
    })
    // met at an await below; until then it must not count as unhandled
    this.#pushed.catch(() => {})
    this.#inFlight.push(this.#pushed)
    if (this.#inFlight.length > this.#workers + 1) await this.#inFlight.shift()
    this.#block = Buffer.from(this.#spare.pop() ?? new ArrayBuffer(this.#blockBytes))
    this.#filled = 0
  }

  async #finish(): Promise<void> {
    if (this.#filled > 0 && this.#pool) await this.#send()
    await this.#pushed
    if (this.#filled > 0) this.push(deflateHere(this.#block.subarray(0, this.#filled), this.#level))
    this.push(trailer(this.#crc, this.#bytes))
    await this.#pool?.close()
  }
}

/** As a thread would. */
function deflateHere(data: Buffer, level: number): Buffer {
  return deflateRawSync(data, { level, memLevel: 9, windowBits: 13, finishFlush: constants.Z_SYNC_FLUSH })
}
