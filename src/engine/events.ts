import type { Effect } from '../ports/remote-host.ts'

export type StepStatus = 'done' | 'skipped' | 'withheld' | 'failed' | 'undone'
export type RunStatus = 'succeeded' | 'failed' | 'cancelled' | 'dry-run'

export interface EventError {
  code: string
  message: string
  hint: string
}

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
  | { type: 'step-finished'; step: string; status: StepStatus; seconds: number; attempts: number; why?: string }
  | { type: 'step-failed'; step: string; error: EventError }
  | {
      type: 'run-finished'
      status: RunStatus
      seconds: number
      error?: EventError
      unchanged: string[]
      changed: string[]
      next: string[]
    }

/** What a step does at most: looks; writes on this machine; changes nodes or the store; can't be taken back. */
export type StepEffect = 'read' | 'local' | 'change' | 'irreversible'

export type Emit = (event: EngineEvent) => void
