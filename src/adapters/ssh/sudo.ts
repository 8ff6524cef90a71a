import type { Prompter } from '../../ports/prompter.ts'
import type { RemoteCommand } from '../../ports/remote-host.ts'
import { shellQuote } from '../../shell/quote.ts'
import { inFrame, newFrame } from '../frame.ts'
import { type Place, sudoRefused } from './failures.ts'
import type { SshSession } from './session.ts'

/** A shell line with the frame that its output stands in, and what goes to its standard input before the command's own. */
export interface PreparedLine {
  line: string
  frame: string
  stdin?: Buffer
}

/** Runs a small command on the node and gives all that it said; for finding out about sudo. */
export type Probe = (
  argv: readonly [string, ...string[]],
  stdin?: string,
) => Promise<{ code: number; stdout: string; stderr: string }>

type Way = { kind: 'root' } | { kind: 'free' } | { kind: 'password'; password: string }

/** `-n` never asks; the id tells a root login, which needs no sudo and may have none. */
const LOOK = 'u=$(id -u) && echo "$u" && { [ "$u" = 0 ] || LC_ALL=C exec sudo -n -- true; }'
/** `-k` makes sudo ask even when it remembers: else it would leave the password for the command to read. */
const WITH_PASSWORD = ['sudo', '-k', '-S', '-p', '', '--'] as const

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
    if (found.kind === 'free') return plainLine(command, ['sudo', '-n', '--'])
    const { stdin: own = Buffer.alloc(0), ...line } = plainLine(command, WITH_PASSWORD)
    return { ...line, stdin: Buffer.concat([Buffer.from(`${found.password}\n`), own]) }
  }
}

/** The frame is inside: what sudo says is none of the command's. */
export function plainLine(
  { argv, stdin }: Pick<RemoteCommand, 'argv' | 'stdin'>,
  before: readonly string[] = [],
): PreparedLine {
  const frame = newFrame()
  const line = shellQuote([...before, ...inFrame(frame, argv)])
  return stdin === undefined ? { line, frame } : { line, frame, stdin: Buffer.from(stdin) }
}

async function find({ place, user, probe, prompter, session }: Parameters<typeof createSudo>[0]): Promise<Way> {
  const looked = await probe(['sh', '-c', LOOK])
  if (looked.stdout.trim() === '0') return { kind: 'root' }
  if (looked.code === 0) return { kind: 'free' }
  if (!/password is required|terminal is required/i.test(looked.stderr)) {
    throw sudoRefused(place, user, looked.stderr || `exit code ${looked.code}`)
  }
  if (!prompter.interactive) throw sudoRefused(place, user, 'it wants a password and there is no terminal to ask on')
  const name = `password of ${user} for sudo`
  const password = await session.secret(name, () =>
    prompter.password(`Password of ${user} for sudo on ${place.name} (and on the other nodes):`, {
      flag: 'a terminal, or sudo without a password',
    }),
  )
  const tried = await probe(['env', 'LC_ALL=C', ...WITH_PASSWORD, 'true'], `${password}\n`)
  if (tried.code === 0) return { kind: 'password', password }
  await session.forget(name, password)
  throw sudoRefused(place, user, tried.stderr || 'the password is wrong')
}
