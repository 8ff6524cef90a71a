import type { CommandResult, RemoteCommand } from '../../ports/remote-host.ts'
import { shellQuote } from '../../shell/quote.ts'
import { collect, tailOf } from './collect.ts'
import { commandFailed, connectionLost, noAnswer, type Place, tooMuchOutput } from './failures.ts'
import type { PreparedLine } from './sudo.ts'
import type { Ending, Transport } from './transport.ts'
import { unframed } from './unframed.ts'

export const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_OUTPUT_BYTES = 1 << 20

/** Runs a prepared line to its end: bounded in time from its start on the node, and in output. One try. */
export async function runOnce(
  transport: Transport,
  place: Place,
  command: RemoteCommand,
  prepared: PreparedLine,
): Promise<CommandResult> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, maxOutputBytes = DEFAULT_OUTPUT_BYTES, signal } = command
  const line = shellQuote(command.argv)
  signal?.throwIfAborted()
  const running = unframed(await transport.start(prepared.line, signal), prepared.frame)
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      finish()
    }
    const giveUp = (error: unknown) => {
      running.kill()
      end(() => reject(error))
    }
    const stop = () => giveUp(signal?.reason)
    const timer = setTimeout(() => {
      giveUp(commandFailed(place, line, `did not end within ${timeoutMs / 1000}s`, stderr()))
    }, timeoutMs)
    signal?.addEventListener('abort', stop, { once: true })
    const stderr = tailOf(running.stderr)
    const stdout = collect(running.stdout, maxOutputBytes, () => giveUp(tooMuchOutput(place, line, maxOutputBytes)))
    running.ended.then((ending) =>
      end(() => {
        const error = failureOf(ending, command, place, stderr())
        if (error) reject(error)
        else resolve({ code: 'code' in ending ? ending.code : -1, stdout: stdout(), stderr: stderr() })
      }),
    )
    sendInput(running.stdin, prepared.stdin)
    if (signal?.aborted) stop()
  })
}

/** The error that an ending is, or undefined when its exit code was one of the answers. */
export function failureOf(ending: Ending, command: RemoteCommand, place: Place, stderr: string) {
  const line = shellQuote(command.argv)
  if ('lost' in ending) return connectionLost(place, `while ${command.argv[0]} ran`, ending.lost)
  if ('unanswered' in ending) return noAnswer(place, line, ending.unanswered, stderr)
  if ('signal' in ending) return commandFailed(place, line, `was ended by signal ${ending.signal}`, stderr)
  const { okCodes = [0] } = command
  if (okCodes.includes(ending.code)) return undefined
  return commandFailed(place, line, `ended with exit code ${ending.code}`, stderr)
}

/** A command that does not read its input may close it; that is not an error. */
export function sendInput(stdin: NodeJS.WritableStream, input: Buffer | undefined): void {
  stdin.on('error', () => {})
  stdin.end(input ?? Buffer.alloc(0))
}
