import type { Readable } from 'node:stream'

/** What a call does to the world. The dry-run gate lets `read` through and withholds `change`. */
export type Effect = 'read' | 'change'

export type HostRole = 'control-plane' | 'worker'

/**
 * A command for a node, always an argument vector. The adapter quotes each argument for a POSIX shell; nothing that came
 * from a node or a bucket is ever pasted into a shell line.
 */
export interface RemoteCommand {
  effect: Effect
  argv: readonly [string, ...string[]]
  /** Run as root. Default true where the target says `sudo`; nearly all that matters on a node is root's. */
  sudo?: boolean
  /** Sent to the command's standard input, then closed. */
  stdin?: string | Buffer
  /** Default 30 s. */
  timeoutMs?: number
  /** More output than this is `HOST_OUTPUT`, not memory. Default 1 MiB. */
  maxOutputBytes?: number
  /** Exit codes that are answers and not failures. Default [0]. */
  okCodes?: readonly number[]
  signal?: AbortSignal
}

export interface CommandResult {
  code: number
  stdout: string
  /** Bounded to the last 8 KiB. */
  stderr: string
  /** A dry run has answered in its place: nothing was done. */
  withheld?: true
}

export interface RemoteStream {
  /** Back-pressured. Ends only after the command's exit code was seen; fails with the same error as `done`. */
  stdout: Readable
  done: Promise<{ code: number; stderr: string }>
  cancel(): void
}

/** A port of the node made reachable through a unix socket on this machine, mode 0600 in a 0700 directory. */
export interface Forward {
  socketPath: string
  /** Why the last connection through it failed, where that is known: the socket itself only closes. */
  problem?(): string | undefined
  close(): Promise<void>
}

/**
 * One node, reached over SSH.
 *
 * - The host key was verified before the first byte of any command was sent.
 * - `run` rejects with a `RescueError` (`HOST_*`) that names the node; it never hangs: every call has a deadline.
 * - Connections are opened at first use, shared, kept alive, and re-opened after they broke: a `read` command is
 *   repeated by itself (3 tries, jittered back-off), a `change` never is, since it may have happened.
 * - No call of a `read` command may write on the node.
 */
export interface RemoteHost {
  readonly name: string
  readonly address: string
  readonly role: HostRole
  /** Prefix of all paths on the node: `/`, or where its disk is mounted in a rescue system. */
  readonly root: string
  run(command: RemoteCommand): Promise<CommandResult>
  /** Streams the output of a reading command; the deadline is an idle one. Never retried here: callers resume. */
  stream(command: RemoteCommand): Promise<RemoteStream>
  /** Forwards a TCP port as seen from the node. The target is `127.0.0.1` unless `host` is given. */
  forward(port: number, host?: string): Promise<Forward>
  /** Done with for now: its connection is closed, unless something still runs over it. The next call opens another. */
  rest(): Promise<void>
  close(): Promise<void>
}

/** `/mnt/x` under the node's root. */
export function pathOn(host: RemoteHost, path: string): string {
  return host.root === '/' ? path : `${host.root.replace(/\/$/, '')}${path}`
}
