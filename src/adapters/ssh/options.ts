import type { Clock } from '../../ports/clock.ts'
import type { Prompter } from '../../ports/prompter.ts'
import type { Effect, HostRole } from '../../ports/remote-host.ts'
import type { SshSession } from './session.ts'

/** What a host tells while it works: which way it goes (`note`), and each command (`call`). No secrets. */
export type SshEvent =
  | { type: 'note'; where: string; line: string }
  | { type: 'call'; where: string; effect: Effect; line: string }

/** How to reach one node. What is left out comes from `~/.ssh/config` (through `ssh -G`), then from OpenSSH's defaults. */
export interface SshHostOptions {
  name: string
  /** An address or an alias of `~/.ssh/config`. */
  address: string
  port?: number
  role: HostRole
  /** Prefix of all paths on the node. Default `/`. */
  root?: string
  user?: string
  identityFile?: string
  /** Files to look the host key up in; a new key that the operator accepts is added to the first. */
  knownHosts?: readonly string[]
  /** `user@host:port`, or several with commas, the first being the one that is reached directly. */
  jump?: string
  /** Commands run as root through sudo unless they say otherwise. No effect when the login is root's. */
  sudo: boolean
  /** The agent's socket. Default `SSH_AUTH_SOCK`; false for none. */
  agent?: string | false
  prompter: Prompter
  clock: Clock
  /** Shared by the hosts of one command: jump connections, passphrases, one question at a time, a limit on logins. */
  session?: SshSession
  emit?: (event: SshEvent) => void
  /** For reaching the port, and again for handshake and login without the time a question takes. Default 15 s. */
  connectTimeoutMs?: number
  /** Read the user's ssh configuration: its own (true, the default), another file, or none (false). */
  sshConfig?: boolean | string
  /** What to do about an unknown host key. Default `ask`, which is `refuse` without a terminal. A changed one is always refused. */
  unknownKeys?: 'ask' | 'refuse'
  /** Default `auto`: `ssh2`, or the system's ssh for what that can't do. */
  transport?: 'auto' | 'ssh2' | 'system'
  /** Between keepalives; three unanswered ones are a lost connection. Default 5 s. */
  keepaliveMs?: number
}

export const DEFAULT_CONNECT_TIMEOUT_MS = 15_000
export const DEFAULT_KEEPALIVE_MS = 5_000
