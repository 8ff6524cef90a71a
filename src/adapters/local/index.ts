import type { Readable } from 'node:stream'
import { RescueError } from '../../errors/rescue-error.ts'
import type { LocalCommand, LocalCommands } from '../../ports/local-command.ts'
import type { CommandResult } from '../../ports/remote-host.ts'

const TIMEOUT_MS = 10 * 60_000
const MOST_BYTES = 64 * 1024
const MOST_STDERR = 8 * 1024

/**
 * Commands on this machine: without a shell, without standard input, and ended together with this process. They see `env`
 * and nothing else of this process's environment; default: all of it.
 */
export function localCommands(env: NodeJS.ProcessEnv = process.env): LocalCommands {
  return { run: (command) => runLocal(command, env) }
}

async function runLocal(command: LocalCommand, env: NodeJS.ProcessEnv): Promise<CommandResult> {
  const { argv, timeoutMs = TIMEOUT_MS, maxOutputBytes = MOST_BYTES, signal } = command
  const { execa } = await import('execa')
  const [file, ...args] = argv
  const cancel = signal ? { cancelSignal: signal } : {}
  const options = {
    env,
    extendEnv: false,
    reject: false,
    buffer: false,
    stdin: 'ignore',
    timeout: timeoutMs,
    forceKillAfterDelay: 5000,
  } as const
  const child = execa(file, args, { ...options, ...cancel })
  const stdout = first(child.stdout, maxOutputBytes)
  const stderr = first(child.stderr, MOST_STDERR)
  const result = await child
  if (result.isCanceled) signal?.throwIfAborted()
  if (result.timedOut)
    throw notDone(
      file,
      `was not done after ${Math.round(timeoutMs / 1000)} s`,
      'give the step a longer timeout: (seconds)',
    )
  if (result.exitCode === undefined) {
    const why = result.signal ? `was ended by ${result.signal}` : `cannot start: ${startError(result.cause)}`
    throw notDone(file, why, 'check that the command exists and may be run')
  }
  return { code: result.exitCode, stdout: stdout(), stderr: stderr() }
}

/** Reads all, so that the command never blocks, and keeps the first bytes. */
function first(stream: Readable, most: number): () => string {
  const kept: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer | string) => {
    const data = Buffer.from(chunk)
    if (bytes < most) kept.push(data.subarray(0, most - bytes))
    bytes += data.length
  })
  stream.on('error', () => {})
  return () =>
    `${Buffer.concat(kept).toString('utf8')}${bytes > most ? `\n… ${bytes - most} more bytes were cut off` : ''}`
}

const startError = (cause: unknown) => (cause instanceof Error ? cause.message : 'unknown reason')

function notDone(file: string, why: string, hint: string): RescueError {
  return new RescueError('STEP_FAILED', `${file} on this machine ${why}`, { hint })
}
