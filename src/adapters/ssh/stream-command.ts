import { Readable } from 'node:stream'
import { isAbort } from '../../errors/rescue-error.ts'
import type { RemoteCommand, RemoteStream } from '../../ports/remote-host.ts'
import { shellQuote } from '../../shell/quote.ts'
import { tailOf } from './collect.ts'
import { createDeadline } from './deadline.ts'
import { commandFailed, type Place } from './failures.ts'
import { DEFAULT_TIMEOUT_MS, failureOf, sendInput } from './run-command.ts'
import type { PreparedLine } from './sudo.ts'
import type { Running, Transport } from './transport.ts'
import { unframed } from './unframed.ts'

/** What is buffered here; ssh2's window of 2 MiB per channel comes on top. */
const BUFFER_BYTES = 1 << 20

/** Streams a prepared line's output. The deadline counts only while the reader wants bytes and none come. */
export async function streamOnce(
  transport: Transport,
  place: Place,
  command: RemoteCommand,
  prepared: PreparedLine,
): Promise<RemoteStream> {
  command.signal?.throwIfAborted()
  const running = unframed(await transport.start(prepared.line, command.signal), prepared.frame)
  const { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = command
  const stderr = tailOf(running.stderr)
  const idle = createDeadline(timeoutMs, () => {
    const line = shellQuote(command.argv)
    stdout.destroy(commandFailed(place, line, `sent nothing for ${timeoutMs / 1000}s`, stderr()))
  })
  const stdout = readerOf(running, idle)
  const stop = () => void stdout.destroy(abortError(signal))

  const done = new Promise<{ code: number; stderr: string }>((resolve, reject) => {
    stdout.once('error', reject)
    // destroyed by its reader, without an error
    stdout.once('close', () => reject(abortError(signal)))
    running.ended.then((ending) => {
      if (stdout.destroyed) return
      const error = failureOf(ending, command, place, stderr())
      if (error) return stdout.destroy(error)
      resolve({ code: 'code' in ending ? ending.code : -1, stderr: stderr() })
      stdout.push(null)
    })
  })
  // who reads only the bytes sees the same error there
  done.catch(() => {})
  stdout.once('close', () => signal?.removeEventListener('abort', stop))
  signal?.addEventListener('abort', stop, { once: true })
  sendInput(running.stdin, prepared.stdin)
  if (signal?.aborted) stop()
  return { stdout, done, cancel: stop }
}

/** Passes bytes on with back-pressure; its end is given by the caller once the exit code is known. */
function readerOf(running: Running, idle: ReturnType<typeof createDeadline>): Readable {
  const out = new Readable({
    highWaterMark: BUFFER_BYTES,
    read: () => {
      idle.restart()
      running.stdout.resume()
    },
    destroy: (error, done) => {
      running.stdout.off('data', pass)
      idle.clear()
      running.kill()
      done(error)
    },
  })
  const pass = (chunk: Buffer) => {
    idle.restart()
    if (out.push(chunk)) return
    idle.pause()
    running.stdout.pause()
  }
  running.stdout.on('data', pass)
  running.stdout.on('error', () => {})
  running.stdout.once('end', () => idle.restart())
  // nothing flows, and no time counts, before somebody reads
  running.stdout.pause()
  idle.pause()
  return out
}

function abortError(signal: AbortSignal | undefined): Error {
  if (isAbort(signal?.reason)) return signal?.reason
  return Object.assign(new Error('the transfer was stopped'), { name: 'AbortError', cause: signal?.reason })
}
