import type { Readable, Writable } from 'node:stream'
import type { Forward } from '../../ports/remote-host.ts'

/**
 * How a command ended: with a code, by a signal, or nobody knows since the connection is gone. `unanswered`: something
 * ended with this code, and it was not the command, of which no end was seen.
 */
export type Ending = { code: number } | { signal: string } | { lost: unknown } | { unanswered: number }

/** A command that was started on a node. */
export interface Running {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Resolves after both outputs were read to their end; never rejects. */
  ended: Promise<Ending>
  /**
   * Lets the channel go; safe to call at any time. On the node the command ends when it next writes: sshd passes no
   * signals on to what root or sudo runs, so there is nothing better to ask for.
   */
  kill(): void
}

/** A way to a node. There are two: `ssh2`, and the system's ssh for what that can't do. */
export interface Transport {
  readonly user: string
  /**
   * Starts a shell line. Rejects with `HOST_*`: for `HOST_CONNECTION_LOST` it is not known whether it started.
   * Waits for a free channel when all are in use.
   */
  start(line: string, signal?: AbortSignal): Promise<Running>
  forward(host: string, port: number): Promise<Forward>
  close(): Promise<void>
}

/** sshd's MaxSessions is 10 for each connection; a little is left for others. */
export const SESSIONS_AT_ONCE = 8
