import type { CommandResult, Effect } from './remote-host.ts'

/** A command on the operator's own machine: `run:` steps of a runbook. An argument vector, never a shell line. */
export interface LocalCommand {
  effect: Effect
  argv: readonly [string, ...string[]]
  /** Default 10 min. */
  timeoutMs?: number
  /** More output than this is cut off, and said so. Default 64 KiB. */
  maxOutputBytes?: number
  signal?: AbortSignal
}

/** Resolves also when the exit code is not 0; rejects with `STEP_FAILED` when it can't start or passes its deadline. */
export interface LocalCommands {
  run(command: LocalCommand): Promise<CommandResult>
}
