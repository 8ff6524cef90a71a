import { RescueError } from '../../errors/rescue-error.ts'
import type { CommandResult, RemoteCommand, RemoteHost } from '../../ports/remote-host.ts'
import { shellQuote } from '../../shell/quote.ts'
import { backoff } from './backoff.ts'
import { connectionLost, type Place } from './failures.ts'
import type { SshHostOptions } from './options.ts'
import { runOnce } from './run-command.ts'
import type { SshSession } from './session.ts'
import { streamOnce } from './stream-command.ts'
import { createSudo, type PreparedLine, plainLine } from './sudo.ts'
import type { Transport } from './transport.ts'

/** Attempts of a reading command over a connection that breaks. */
const READ_TRIES = 3

export interface HostParts {
  options: SshHostOptions
  session: SshSession
  place: Place
  transport: Transport
}

/** Of one connection: to rest is to close it and to make another. */
export type ConnectedHost = Omit<RemoteHost, 'rest'>

/** A node over a transport: sudo, retries, deadlines; the same whichever way the bytes go. */
export function createHost({ options, session, place, transport }: HostParts): ConnectedHost {
  const closing = new AbortController()
  const sudo = createSudo({
    place,
    user: transport.user,
    prompter: options.prompter,
    session,
    probe: (argv, stdin) => probe(transport, place, argv, stdin),
  })
  const prepare = async (command: RemoteCommand): Promise<PreparedLine> => {
    if (closing.signal.aborted) throw connectionLost(place, ': it was closed')
    const line = shellQuote(command.argv)
    options.emit?.({ type: 'call', where: options.name, effect: command.effect, line })
    const asRoot = options.sudo && command.sudo !== false && transport.user !== 'root'
    return asRoot ? sudo(command) : plainLine(command)
  }

  return {
    name: options.name,
    address: options.address,
    role: options.role,
    root: options.root ?? '/',
    run: async (command) => {
      const once = async () => runOnce(transport, place, command, await prepare(command))
      return command.effect === 'read' ? again(once, options, command.signal, closing.signal) : once()
    },
    stream: async (command) => {
      if (command.effect !== 'read') throw new TypeError('only a reading command can be streamed')
      return streamOnce(transport, place, command, await prepare(command))
    },
    forward: (port, host = '127.0.0.1') => transport.forward(host, port),
    close: async () => {
      closing.abort()
      await transport.close()
    },
  }
}

/** Repeats a reading command when its connection broke under it. */
async function again(
  once: () => Promise<CommandResult>,
  { clock }: SshHostOptions,
  signal: AbortSignal | undefined,
  closing: AbortSignal,
): Promise<CommandResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once()
    } catch (error) {
      const lost = error instanceof RescueError && error.code === 'HOST_CONNECTION_LOST'
      if (!lost || closing.aborted || attempt >= READ_TRIES) throw error
      await clock.sleep(backoff(attempt), signal)
    }
  }
}

/** Only asks and never fails by its exit code. */
async function probe(
  transport: Transport,
  place: Place,
  argv: RemoteCommand['argv'],
  stdin?: string,
): Promise<CommandResult> {
  const every = Array.from({ length: 256 }, (_, code) => code)
  const command: RemoteCommand = { effect: 'read', argv, okCodes: every, maxOutputBytes: 4096 }
  return runOnce(transport, place, command, plainLine({ argv, ...(stdin === undefined ? {} : { stdin }) }))
}
