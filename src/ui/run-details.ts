import type { EventError } from '../engine/events.ts'
import type { Target } from '../ports/target.ts'
import { clean, duration, tableLines } from './text.ts'

/** What `runs show --json` prints. */
export interface RunDetailsValue {
  run: string
  runbook: string
  status: string
  cluster: string
  etcdCluster: string
  startedAt: string
  lastAt: string
  attempts: number
  tool: string
  inputs: Record<string, unknown>
  target: Target
  steps: { id: string; status: string; startedAt?: string; seconds: number; attempts: number; error?: EventError }[]
  notes: { at: string; step: string; line: string }[]
  error?: EventError
}

export function runDetailLines(run: RunDetailsValue): string[] {
  const rows = run.steps.map(({ id, status, startedAt = '', seconds, attempts }) => [
    id,
    status,
    startedAt.slice(11, 19),
    duration(seconds),
    String(attempts),
  ])
  return [
    `${run.run}: ${run.runbook} on ${run.cluster}, etcd ${run.etcdCluster}`,
    `${run.status}, begun ${run.startedAt}, last written ${run.lastAt}, attempt ${run.attempts}`,
    '',
    ...tableLines(['step', 'status', 'at (UTC)', 'took', 'attempts'], rows),
    ...(run.notes.length === 0 ? [] : ['', ...run.notes.map(({ step, line }) => `${step}: ${clean(line)}`)]),
    ...(run.error === undefined
      ? []
      : ['', `${clean(run.error.message)}  (${run.error.code})`, `  ${clean(run.error.hint)}`]),
    ...(run.status === 'succeeded' ? [] : ['', `Next: etcd-rescue runs resume ${run.run}`]),
  ]
}
