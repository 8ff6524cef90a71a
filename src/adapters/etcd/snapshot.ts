import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Rpc } from './rpc.ts'
import { explainRpcError } from './rpc-errors.ts'

/** SHA-256 of all that comes before it, at the end of every snapshot (FACTS 2). */
const DIGEST_BYTES = 32
/** A database is whole pages of at least 512 bytes. */
const SECTOR = 512
/** No byte for this long and the server is taken for dead. The first one waits for the server's snapshot. */
const IDLE_MS = 60_000

interface Chunk {
  blob: Buffer
}

/**
 * The database of a member followed by its SHA-256, as etcd sends it. A killed server ends the stream politely (STACK,
 * etcd3 4), so length and digest are what says that it is whole; otherwise the stream fails with `ETCD_FAILED`.
 * Destroying the stream cancels the call.
 */
export async function snapshotStream(rpc: Rpc, signal?: AbortSignal, idleMs = IDLE_MS): Promise<Readable> {
  const call = await rpc.stream<Chunk>('Maintenance', 'snapshot', {})
  // a cancelled call ends with an error, which must not go uncaught when nobody reads any more
  call.on('error', () => {})
  const bytes = verifiedChunks(call, rpc.endpoint, idleMs)
  const stream = Readable.from(bytes, { objectMode: false, highWaterMark: 1 << 20, ...(signal && { signal }) })
  // destroying the stream alone leaves the call open, and the process never ends (STACK, etcd3 3)
  return stream.once('close', () => call.cancel())
}

async function* verifiedChunks(call: ClientReadableStream<Chunk>, endpoint: string, idleMs: number) {
  const check = trailingDigest()
  try {
    for await (const { blob } of withIdleLimit(call, endpoint, idleMs)) {
      check.add(blob)
      yield blob
    }
    check.finish(endpoint)
  } catch (error) {
    throw isServiceError(error) ? explainSnapshotError(error, endpoint, check.bytes()) : error
  }
}

/** The limit is for the server only: no clock runs while our reader is slow. */
async function* withIdleLimit(call: ClientReadableStream<Chunk>, endpoint: string, idleMs: number) {
  const chunks = call[Symbol.asyncIterator]() as AsyncIterator<Chunk>
  while (true) {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(silent(endpoint, idleMs)), idleMs)
    })
    const next = await Promise.race([chunks.next(), late]).finally(() => clearTimeout(timer))
    if (next.done) return
    yield next.value
  }
}

/** Hashes all but the last 32 bytes, which are only known to be the last ones at the end. */
function trailingDigest() {
  const hash: Hash = createHash('sha256')
  let tail: Buffer = Buffer.alloc(0)
  let total = 0
  return {
    add(blob: Buffer) {
      total += blob.length
      if (blob.length < DIGEST_BYTES) {
        tail = Buffer.concat([tail, blob])
        const surplus = Math.max(0, tail.length - DIGEST_BYTES)
        hash.update(tail.subarray(0, surplus))
        tail = tail.subarray(surplus)
        return
      }
      hash.update(tail)
      hash.update(blob.subarray(0, -DIGEST_BYTES))
      tail = Buffer.from(blob.subarray(-DIGEST_BYTES))
    },
    bytes: () => total,
    finish(endpoint: string) {
      if (total % SECTOR === DIGEST_BYTES && total > SECTOR && hash.digest().equals(tail)) return
      throw cut(endpoint, total)
    },
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as Partial<ServiceError>).code === 'number'
}

function cut(endpoint: string, bytes: number, cause?: unknown): RescueError {
  return new RescueError('ETCD_FAILED', `the snapshot from ${endpoint} was cut after ${bytes} bytes`, {
    hint: 'nothing of it is used; take the snapshot again, from another member when this one is down',
    ...(cause !== undefined && { cause }),
  })
}

/** In the middle of the stream a lost connection is a cut snapshot; before the first byte it is a dead server. */
function explainSnapshotError(error: ServiceError, endpoint: string, bytes: number): RescueError {
  return bytes > 0 ? cut(endpoint, bytes, error) : explainRpcError(error, endpoint)
}

function silent(endpoint: string, idleMs: number): RescueError {
  return new RescueError(
    'ETCD_UNREACHABLE',
    `etcd at ${endpoint} sent nothing of its snapshot for ${idleMs / 1000} s`,
    {
      hint: 'see whether this member is alive, or take the snapshot from another one',
    },
  )
}
