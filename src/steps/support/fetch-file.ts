import { createHash, type Hash } from 'node:crypto'
import { mkdir, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { streamFile } from '../../node/files.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { chunksOf, diskError } from './files.ts'
import { openPart } from './part-file.ts'

const TRIES = 5

interface FetchContext {
  world: World
  signal: AbortSignal
  note(line: string): void
  /** The part file on this machine holds so many bytes now, of so many. */
  onStored?(part: string, stored: number, bytes: number): void
  isDurable: boolean
}

interface FetchedFile {
  bytes: number
  sha256: string
  /** How much of it an earlier run had left here. */
  had: number
}

/**
 * Fetches one file into `to` (part file, rename). A broken connection is tried again from where it broke; a part
 * left by an earlier run is gone on with. Resolves to length and SHA-256 of what is on this machine.
 */
export async function fetchFile(
  context: FetchContext,
  host: RemoteHost,
  base: string,
  file: { path: string; bytes: number },
  to: string,
  onBytes: (got: number) => void,
): Promise<FetchedFile> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 })
  const had = Math.max(0, await sizeOf(to), await sizeOf(`${to}.part`))
  for (let attempt = 1; ; attempt++) {
    try {
      const whole = await goOn(context, host, `${base}/${file.path}`, file.bytes, to, onBytes)
      return { ...whole, had }
    } catch (error) {
      const failed = toRescueError(diskError(error, to))
      if (attempt === TRIES || context.signal.aborted || !isBroken(failed)) throw failed
      context.note(`${host.name}: transfer of ${file.path} broke (${failed.message}); going on where it stopped`)
      await context.world.clock.sleep(500 * 2 ** attempt, context.signal)
    }
  }
}

const isBroken = (error: RescueError) =>
  error.code === 'HOST_CONNECTION_LOST' || error.code === 'HOST_UNREACHABLE' || error.code === 'TIMED_OUT'

async function goOn(
  { signal, onStored, isDurable }: FetchContext,
  host: RemoteHost,
  from: string,
  bytes: number,
  to: string,
  onBytes: (got: number) => void,
) {
  const part = `${to}.part`
  const { hash, have } = await hashOfPart(part, to, bytes, signal)
  if ((await sizeOf(to)) !== bytes) {
    let stored = have
    const onWrote = (wrote: number) => {
      stored += wrote
      onStored?.(part, stored, bytes)
    }
    const file = await openPart(to, 'a', { onWrote, isDurable })
    try {
      if (have < bytes) {
        const remote = await streamFile(host, from, { start: have, signal })
        const taken = bounded(hash, have, bytes, onBytes, from)
        await pipeline(remote.stdout, taken, file.stream, { signal })
      }
      const got = await sizeOf(part)
      if (got !== bytes) throw cut(host, from, got, bytes)
      await file.finish()
    } finally {
      await file.close()
    }
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The digest so far: of a finished file, of a part that an earlier attempt left, or of nothing. */
async function hashOfPart(
  part: string,
  to: string,
  bytes: number,
  signal: AbortSignal,
): Promise<{ hash: Hash; have: number }> {
  const hash = createHash('sha256')
  const path = (await sizeOf(to)) === bytes ? to : part
  const have = Math.max(0, await sizeOf(path))
  if (have > bytes) {
    await rm(path, { force: true })
    return { hash, have: 0 }
  }
  if (have > 0) await hashInto(hash, path, signal)
  return { hash, have }
}

async function hashInto(hash: Hash, path: string, signal: AbortSignal): Promise<void> {
  const handle = await open(path, 'r')
  try {
    for await (const chunk of chunksOf(handle)) {
      signal.throwIfAborted()
      hash.update(chunk)
    }
  } finally {
    await handle.close()
  }
}

/** A node that sends more than it said is not believed, and not written to disk. */
function bounded(hash: Hash, have: number, bytes: number, onBytes: (got: number) => void, from: string): Transform {
  let got = have
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      got += chunk.length
      if (got > bytes)
        return done(
          new RescueError('COPY_CHANGED', `${from} grew while it was read`, {
            hint: 'choose a copy that no etcd is running on',
          }),
        )
      hash.update(chunk)
      onBytes(got)
      done(null, chunk)
    },
  })
}

/** -1 when there is no such file: an empty file is something else. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    return -1
  }
}

function cut(host: RemoteHost, from: string, got: number, bytes: number): RescueError {
  return new RescueError('HOST_CONNECTION_LOST', `${host.name}: ${from} ended after ${got} of ${bytes} bytes`, {
    hint: 'the part is kept; resume the run to go on from there',
  })
}
