import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'

/** A file on a node, read in pieces. It has the shape of `PageSource` in src/bolt. */
export interface RemoteFile {
  readonly size: number
  read(offset: number, length: number): Promise<Buffer>
}

interface Range {
  offset: number
  length: number
  resolve(bytes: Buffer): void
  reject(error: unknown): void
}

/** Both bound the length of one command line and what one answer may hold in memory. */
const RANGES_AT_ONCE = 64
const BYTES_AT_ONCE = 8 * 1024 * 1024
const SECTOR = 512
const TRIES = 3

/**
 * Arguments after the file: first sector, number of sectors, and bytes to keep of them, for each range. `head` keeps a
 * file that grows from moving the ranges behind its old end.
 */
const SCRIPT =
  'f=$1; shift; [ -r "$f" ] || exec cat "$f"; ' +
  'while [ $# -gt 0 ]; do dd if="$f" bs=512 skip="$1" count="$2" 2>/dev/null | head -c "$3"; shift 3; done'

/**
 * Random access to a file on a node, with `dd`. Reads that are asked for in one turn of the event loop go in one
 * command, so a tree is read at one round trip a level. `size` is the caller's, from a listing; a file that turns out to
 * be shorter is `COPY_CHANGED`, and all else is `HOST_*`.
 */
export function remoteFileSource(host: RemoteHost, path: string, size: number, signal?: AbortSignal): RemoteFile {
  let waiting: Range[] = []
  const flush = () => {
    const batches = inBatches(waiting)
    waiting = []
    // one after the other: a few nodes are read at once as it is, and sshd limits sessions
    void batches.reduce(
      (before, batch) => before.then(() => fetchBatch(host, path, size, batch, signal)),
      Promise.resolve(),
    )
  }
  return {
    size,
    read: (offset, length) =>
      new Promise((resolve, reject) => {
        if (offset + length > size) return reject(shorter(host, path))
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ offset, length, resolve, reject })
      }),
  }
}

/** The size of a file on a node, links followed, and its content in pieces. */
export async function openRemoteFile(host: RemoteHost, path: string, signal?: AbortSignal): Promise<RemoteFile> {
  const { stdout } = await host.run({
    effect: 'read',
    argv: ['stat', '-L', '-c', '%s', '--', path],
    ...(signal && { signal }),
  })
  const size = Number(stdout.trim())
  if (/^\d{1,15}$/.test(stdout.trim())) return remoteFileSource(host, path, size, signal)
  throw new RescueError('HOST_OUTPUT', `${host.name}: stat gave no size for ${path}`, {
    hint: `look on the node: sudo stat ${path}`,
  })
}

function inBatches(ranges: Range[]): Range[][] {
  const batches: Range[][] = []
  let bytes = 0
  for (const range of ranges) {
    const batch = batches.at(-1)
    bytes += range.length
    if (batch && batch.length < RANGES_AT_ONCE && bytes <= BYTES_AT_ONCE) batch.push(range)
    else {
      batches.push([range])
      bytes = range.length
    }
  }
  return batches
}

/** Never rejects: each range gets its bytes or the error. */
async function fetchBatch(
  host: RemoteHost,
  path: string,
  size: number,
  batch: Range[],
  signal?: AbortSignal,
): Promise<void> {
  try {
    const spans = batch.map((range) => spanOf(range, size))
    const content = await fetchSpans(host, path, spans, signal)
    let at = 0
    for (const [index, { offset, length, resolve }] of batch.entries()) {
      const { first, bytes } = spans[index] as Span
      const start = at + offset - first * SECTOR
      resolve(content.subarray(start, start + length))
      at += bytes
    }
  } catch (error) {
    for (const { reject } of batch) reject(error)
  }
}

interface Span {
  first: number
  count: number
  bytes: number
}

/** Whole sectors, since every `dd` knows them, cut at the end of the file. */
function spanOf({ offset, length }: Range, size: number): Span {
  const first = Math.floor(offset / SECTOR)
  const end = Math.min(Math.ceil((offset + length) / SECTOR) * SECTOR, size)
  return { first, count: Math.ceil((end - first * SECTOR) / SECTOR), bytes: end - first * SECTOR }
}

async function fetchSpans(host: RemoteHost, path: string, spans: Span[], signal?: AbortSignal): Promise<Buffer> {
  const wanted = spans.reduce((sum, { bytes }) => sum + bytes, 0)
  const numbers = spans.flatMap(({ first, count, bytes }) => [first, count, bytes].map(String))
  for (let left = TRIES; ; left--) {
    try {
      const content = await collect(host, ['sh', '-c', SCRIPT, 'sh', path, ...numbers], wanted, signal)
      if (content.length < wanted) throw shorter(host, path)
      return content
    } catch (error) {
      const again = error instanceof RescueError && error.code === 'HOST_CONNECTION_LOST' && left > 1
      if (!again) throw error
    }
  }
}

async function collect(
  host: RemoteHost,
  argv: [string, ...string[]],
  wanted: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const stream = await host.stream({ effect: 'read', argv, ...(signal && { signal }) })
  // an error of the stream is also `done`'s; it is awaited below only when the stream ended well
  stream.done.catch(() => {})
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > wanted) {
      stream.cancel()
      throw new RescueError('HOST_OUTPUT', `${host.name}: dd gave more than was asked for`, {
        hint: 'check that the login shell of the node prints nothing by itself',
      })
    }
    chunks.push(chunk)
  }
  await stream.done
  return Buffer.concat(chunks)
}

function shorter(host: RemoteHost, path: string): RescueError {
  return new RescueError('COPY_CHANGED', `${host.name}: ${path} is shorter than it was`, {
    hint: 'look again with: etcd-rescue recover --dry-run',
  })
}
