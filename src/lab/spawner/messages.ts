/** Asks for a command; its three streams are the sockets that the spawner connects. */
export interface StartMessage {
  id: number
  argv: readonly [string, ...string[]]
  env: NodeJS.ProcessEnv
  cwd: string
}

export interface KillMessage {
  kill: number
  signal: NodeJS.Signals
}

export type Request = StartMessage | KillMessage

/** `error`: it could not be started. */
export type Report = { id: number; error: string } | { id: number; code: number | null; signal: NodeJS.Signals | null }

/** stdin, stdout and stderr. */
export const STREAMS = 3
