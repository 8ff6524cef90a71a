import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../../errors/rescue-error.ts'
import type { CommandResult, RemoteCommand, RemoteStream } from '../../ports/remote-host.ts'

/** What a scripted command answers. All is optional: `{}` is exit 0 without output. */
export interface MemoryReply {
  code?: number
  stdout?: string | Buffer | Iterable<Buffer> | AsyncIterable<Buffer>
  stderr?: string
  /** Before anything is said, in milliseconds. */
  delayMs?: number
  /** Never ends by itself. */
  hangs?: boolean
}

/** A scripted command that runs. */
export interface MemoryProcess {
  done: RemoteStream['done']
  collected(): Promise<CommandResult>
  streamed(): RemoteStream
  fail(error: unknown): void
}

const STDERR_BYTES = 8 * 1024
const PIECE = 64 * 1024

export function play(name: string, command: RemoteCommand, reply: MemoryReply): MemoryProcess {
  const { timeoutMs = 30_000, maxOutputBytes = 1 << 20, okCodes = [0], signal } = command
  const line = command.argv.join(' ')
  const code = reply.code ?? 0
  const stderr = (reply.stderr ?? '').slice(-STDERR_BYTES)
  const stdout = Readable.from(output(reply), { objectMode: false, highWaterMark: 1 << 20 })
  // a generator that waits does not hear of its stream's end: it has to wait for this as well
  let stop: (error: unknown) => void = () => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = reject
  })
  stopped.catch(() => {})
  const fail = (error: unknown) => {
    stop(error)
    stdout.destroy(error as Error)
  }
  const failWith = (code: 'HOST_COMMAND' | 'HOST_OUTPUT', what: string) =>
    fail(new RescueError(code, `node ${name}: ${line} ${what}`, { hint: `look at node ${name}` }))
  const abort = () => fail(signal?.reason)
  const done = new Promise<{ code: number; stderr: string }>((resolve, reject) => {
    stdout.once('end', () => resolve({ code, stderr }))
    stdout.once('error', reject)
    stdout.once('close', () => reject(Object.assign(new Error('stopped'), { name: 'AbortError' })))
  })
  done.catch(() => {}).finally(() => signal?.removeEventListener('abort', abort))
  signal?.addEventListener('abort', abort, { once: true })

  // a stream's deadline counts only here, where the reader waits for the node and not the node for the reader
  let idleMs: number | undefined
  const silence = async (until: Promise<unknown>) => {
    const passed = () => failWith('HOST_COMMAND', `sent nothing for ${timeoutMs / 1000}s`)
    const timer = idleMs === undefined ? undefined : setTimeout(passed, idleMs)
    await Promise.race([stopped, until]).finally(() => clearTimeout(timer))
  }

  async function* output(from: MemoryReply): AsyncGenerator<Buffer> {
    if (from.delayMs !== undefined) await silence(sleep(from.delayMs))
    for await (const piece of pieces(from.stdout)) yield piece
    if (from.hangs) await silence(stopped)
    if (!okCodes.includes(code)) {
      const said = stderr === '' ? '' : `: ${stderr.trim()}`
      throw new RescueError('HOST_COMMAND', `node ${name}: ${line} ended with exit code ${code}${said}`, {
        hint: `look at node ${name}`,
      })
    }
  }

  const collected = async (): Promise<CommandResult> => {
    const timer = setTimeout(() => failWith('HOST_COMMAND', `did not end within ${timeoutMs / 1000}s`), timeoutMs)
    const chunks: Buffer[] = []
    let size = 0
    stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > maxOutputBytes) failWith('HOST_OUTPUT', `printed more than ${maxOutputBytes} bytes`)
      else chunks.push(chunk)
    })
    try {
      return { ...(await done), stdout: Buffer.concat(chunks).toString('utf8') }
    } finally {
      clearTimeout(timer)
    }
  }

  const streamed = (): RemoteStream => {
    idleMs = timeoutMs
    return { stdout, done, cancel: () => fail(Object.assign(new Error('stopped'), { name: 'AbortError' })) }
  }

  return { done, collected, streamed, fail }
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE)
}

function pieces(stdout: MemoryReply['stdout']): Iterable<Buffer> | AsyncIterable<Buffer> {
  return stdout === undefined || typeof stdout === 'string' || Buffer.isBuffer(stdout)
    ? slices(Buffer.from(stdout ?? ''))
    : stdout
}
