import type { Effect } from '../ports/remote-host.ts'

export type StepStatus = 'done' | 'skipped' | 'withheld' | 'failed' | 'undone'
export type RunStatus = 'succeeded' | 'failed' | 'cancelled' | 'dry-run'

export interface EventError {
  code: string
  message: string
  hint: string
}

/** A node on which something did not come to its end, and without which the run went on. Plain JSON. */
export interface LeftNode {
  node: string
  /** What is not as it should be there. */
  what: string
  /** The command that mends it. */
  command: string
  /** The command is for a shell on that node, not for this machine. */
  onNode: boolean
}

/** One line to type, and after it what for. */
export const leftLine = ({ node, what, command, onNode }: LeftNode): string =>
  `${command}   # ${onNode ? 'on ' : ''}${node}: ${what}`

/** What the engine tells its listeners: terminal, CI log, journal, tests. Plain values, no secrets. */
export type EngineEvent =
  | {
      type: 'run-started'
      run: string
      runbook: string
      cluster: string
      etcdCluster: string
      dryRun: boolean
      resumed: boolean
    }
  | { type: 'step-started'; step: string; title: string; effect: StepEffect; attempt: number }
  /** A call that ran (`$ …`) or was withheld (`! …`). */
  | { type: 'call'; step: string; where: string; effect: Effect; withheld: boolean; line: string }
  | { type: 'note'; step: string; line: string }
  | { type: 'table'; step: string; columns: string[]; rows: string[][] }
  | { type: 'progress'; step: string; label: string; done: number; total?: number; unit: 'bytes' | 'keys' | 'items' }
  | { type: 'waiting'; step: string; condition: string; last: string; remainingSeconds: number }
  | {
      type: 'step-finished'
      step: string
      status: StepStatus
      seconds: number
      attempts: number
      why?: string
      /** What it would have changed, in sentences; only of a step that was withheld. */
      changes?: readonly string[]
    }
  | { type: 'step-failed'; step: string; error: EventError }
  | {
      type: 'run-finished'
      status: RunStatus
      /** Without the time that questions stood. */
      seconds: number
      askedSeconds?: number
      error?: EventError
      unchanged: string[]
      changed: string[]
      next: string[]
    }

/** What a step does at most: looks; writes on this machine; changes nodes or the store; can't be taken back. */
export type StepEffect = 'read' | 'local' | 'change' | 'irreversible'

export type Emit = (event: EngineEvent) => void
