import type { Prompter } from '../../ports/prompter.ts'
import type { RemoteCommand } from '../../ports/remote-host.ts'
import { type Place, sudoRefused } from './failures.ts'
import { shellQuote } from './quote.ts'
import type { SshSession } from './session.ts'

/** A shell line and what goes to its standard input before the command's own. */
export interface PreparedLine {
  line: string
  stdin?: Buffer
}

/** Runs a small shell line on the node and gives all that it said; for finding out about sudo. */
export type Probe = (line: string, stdin?: string) => Promise<{ code: number; stdout: string; stderr: string }>

type Way = { kind: 'root' } | { kind: 'free' } | { kind: 'password'; password: string }

/** `-n` never asks; the id tells a root login, which needs no sudo and may have none. */
const LOOK = 'u=$(id -u) && echo "$u" && { [ "$u" = 0 ] || LC_ALL=C exec sudo -n -- true; }'
/** `-k` makes sudo ask even when it remembers: else it would leave the password for the command to read. */
const WITH_PASSWORD = ['sudo', '-k', '-S', '-p', '', '--']

/** Makes shell lines of commands, through sudo where it is needed, asking for its password once. */
export function createSudo(parts: {
  place: Place
  user: string
  probe: Probe
  prompter: Prompter
  session: SshSession
}): (command: RemoteCommand) => Promise<PreparedLine> {
  let way: Promise<Way> | undefined
  const findWay = () => {
    if (way) return way
    const found = find(parts)
    way = found
    found.catch(() => {
      if (way === found) way = undefined
    })
    return found
  }
  return async (command) => {
    const found = await findWay()
    if (found.kind === 'root') return plainLine(command)
    if (found.kind === 'free') return { ...plainLine(command), line: shellQuote(['sudo', '-n', '--', ...command.argv]) }
    const own = plainLine(command).stdin ?? Buffer.alloc(0)
    return {
      line: shellQuote([...WITH_PASSWORD, ...command.argv]),
      stdin: Buffer.concat([Buffer.from(`${found.password}\n`), own]),
    }
  }
}

export function plainLine(command: RemoteCommand): PreparedLine {
  const line = shellQuote(command.argv)
  return command.stdin === undefined ? { line } : { line, stdin: Buffer.from(command.stdin) }
}

async function find({ place, user, probe, prompter, session }: Parameters<typeof createSudo>[0]): Promise<Way> {
  const looked = await probe(LOOK)
  if (looked.stdout.trim() === '0') return { kind: 'root' }
  if (looked.code === 0) return { kind: 'free' }
  if (!/password is required|terminal is required/i.test(looked.stderr)) {
    throw sudoRefused(place, user, looked.stderr || `exit code ${looked.code}`)
  }
  if (!prompter.interactive) throw sudoRefused(place, user, 'it wants a password and there is no terminal to ask on')
  const name = `sudo ${user}`
  const password = await session.secret(name, () =>
    prompter.password(`Password of ${user} for sudo on ${place.name} (and on the other nodes):`, {
      flag: 'a terminal, or sudo without a password',
    }),
  )
  const tried = await probe(`LC_ALL=C ${shellQuote([...WITH_PASSWORD, 'true'])}`, `${password}\n`)
  if (tried.code === 0) return { kind: 'password', password }
  await session.forget(name, password)
  throw sudoRefused(place, user, tried.stderr || 'the password is wrong')
}
