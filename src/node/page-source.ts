import { RescueError } from '../errors/rescue-error.ts'
import type { ErrorCode } from '../errors/table.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'
import { mustBeAbsolute } from './find.ts'

/** A file on a node, read in pieces. It has the shape of `PageSource` in src/bolt. */
export interface RemoteFile {
  readonly size: number
  read(offset: number, length: number): Promise<Buffer>
}

interface Range {
  path: string
  /** Of the file. */
  size: number
  offset: number
  length: number
  signal: AbortSignal | undefined
  resolve(bytes: Buffer): void
  reject(error: unknown): void
}

/** Both bound the length of one command line and what one answer may hold in memory. */
const RANGES_AT_ONCE = 300
const BYTES_AT_ONCE = 8 * 1024 * 1024
const SECTOR = 512
const TRIES = 3

/**
 * Arguments: a file, then for each range in it the first sector, the number of sectors, and the bytes to keep of them or
 * `all`; then the next file. `head` keeps a file that grows from moving the ranges behind its old end.
 */
const SCRIPT =
  'part() { dd if="$f" bs=512 skip="$1" count="$2" 2>/dev/null; }; while [ $# -gt 0 ]; do ' +
  'case $1 in /*) f=$1; shift; [ -r "$f" ] || exec cat -- "$f";; esac; ' +
  'if [ "$3" = all ]; then part "$@"; else part "$@" | head -c "$3"; fi; shift 3; done'

/** The others of a batch can still be read. Of a node that does not answer, none can. */
const OF_ONE_FILE = new Set<ErrorCode>(['HOST_COMMAND', 'HOST_OUTPUT', 'COPY_CHANGED'])

const waiting = new WeakMap<RemoteHost, Range[]>()

/**
 * Random access to a file on a node, with `dd`. Reads that are asked for in one turn of the event loop go in one command,
 * those of other files on this node too: trees that are read side by side cost one round trip a level. `size` is the
 * caller's, from a listing; a file that turns out to be shorter is `COPY_CHANGED`, and all else is `HOST_*`.
 */
export function remoteFileSource(host: RemoteHost, path: string, size: number, signal?: AbortSignal): RemoteFile {
  mustBeAbsolute(host, path)
  return {
    size,
    read: (offset, length) =>
      new Promise((resolve, reject) => {
        if (offset + length > size) return reject(shorter(host, path))
        enqueue(host, { path, size, offset, length, signal, resolve, reject })
      }),
  }
}

function enqueue(host: RemoteHost, range: Range): void {
  const ranges = waiting.get(host)
  if (ranges) {
    ranges.push(range)
    return
  }
  waiting.set(host, [range])
  setImmediate(() => {
    const batches = inBatches(waiting.get(host) ?? [])
    waiting.delete(host)
    // one after the other: a few nodes are read at once as it is, and sshd limits sessions
    void batches.reduce((before, batch) => before.then(() => fetchBatch(host, batch)), Promise.resolve())
  })
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
  throw new RescueError('HOST_OUTPUT', `${host.name}: no size of ${path} was told by stat`, {
    hint: `look on the node: sudo stat ${shellWord(path)}`,
  })
}

/** Ranges of one file stand together, and of one signal, so that what is given up does not end the others. */
function inBatches(ranges: readonly Range[]): Range[][] {
  const batches: Range[][] = []
  let bytes = 0
  for (const ofFile of byFile(ranges))
    for (const range of ofFile) {
      const batch = batches.at(-1)
      bytes += range.length
      const fits = batch && batch.length < RANGES_AT_ONCE && bytes <= BYTES_AT_ONCE
      if (fits && batch[0]?.signal === range.signal) batch.push(range)
      else {
        batches.push([range])
        bytes = range.length
      }
    }
  return batches
}

function byFile(ranges: readonly Range[]): Range[][] {
  const files = new Map<string, Range[]>()
  for (const range of ranges) files.set(range.path, [...(files.get(range.path) ?? []), range])
  return [...files.values()]
}

/** Never rejects: each range gets its bytes or the error. A file that fails is found out by asking for each by itself. */
async function fetchBatch(host: RemoteHost, batch: readonly Range[]): Promise<void> {
  try {
    const spans = batch.map(spanOf)
    const content = await fetchSpans(host, spans, batch[0]?.signal)
    let at = 0
    for (const [index, { offset, length, resolve }] of batch.entries()) {
      const { first, bytes } = spans[index] as Span
      const start = at + offset - first * SECTOR
      resolve(content.subarray(start, start + length))
      at += bytes
    }
  } catch (error) {
    const files = byFile(batch)
    const isOfOne = error instanceof RescueError && OF_ONE_FILE.has(error.code)
    if (files.length > 1 && isOfOne) for (const one of files) await fetchBatch(host, one)
    else for (const { reject } of batch) reject(error)
  }
}

interface Span {
  path: string
  first: number
  count: number
  bytes: number
}

/** Whole sectors, since every `dd` knows them, cut at the end of the file. */
function spanOf({ path, size, offset, length }: Range): Span {
  const first = Math.floor(offset / SECTOR)
  const end = Math.min(Math.ceil((offset + length) / SECTOR) * SECTOR, size)
  return { path, first, count: Math.ceil((end - first * SECTOR) / SECTOR), bytes: end - first * SECTOR }
}

async function fetchSpans(host: RemoteHost, spans: readonly Span[], signal: AbortSignal | undefined): Promise<Buffer> {
  const wanted = spans.reduce((sum, { bytes }) => sum + bytes, 0)
  const argv = ['sh', '-c', SCRIPT, 'sh', ...spans.flatMap((span, at) => wordsOf(span, spans[at - 1]))] as const
  for (let left = TRIES; ; left--) {
    try {
      const content = await collect(host, argv, wanted, signal)
      if (content.length < wanted) throw shorter(host, spans[0]?.path ?? '')
      return content
    } catch (error) {
      const again = error instanceof RescueError && error.code === 'HOST_CONNECTION_LOST' && left > 1
      if (!again) throw error
    }
  }
}

function wordsOf({ path, first, count, bytes }: Span, before: Span | undefined): string[] {
  const numbers = [String(first), String(count), bytes === count * SECTOR ? 'all' : String(bytes)]
  return before?.path === path ? numbers : [path, ...numbers]
}

async function collect(
  host: RemoteHost,
  argv: readonly [string, ...string[]],
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
