import type { EventError } from '../engine/events.ts'
import type { Target } from '../ports/target.ts'
import { type RescueResult, runLines } from './run-result.ts'
import { clean, duration } from './text.ts'

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
  /** Those that are not the runbook's own. */
  given: Record<string, unknown>
  target: Target
  steps: StepDetails[]
  notes: { at: string; step: string; kind: 'call' | 'note' | 'table' | 'answer'; line: string }[]
  /** What came of it; absent while it goes on, or where its process died. */
  result?: RescueResult
  error?: EventError
}

interface StepDetails {
  id: string
  status: string
  startedAt?: string
  seconds: number
  attempts: number
  error?: EventError
  /** What it changed, or may have. */
  changed: readonly string[]
}

/**
 * What a person wants to know of a run: when each step was, what it told, what was asked and answered, what it changed, and
 * what came of it. `calls`: every call to nodes and stores as well.
 */
export function runDetailLines(run: RunDetailsValue, calls = false): string[] {
  const { result, error } = run
  const given = Object.entries(run.given).map(([name, value]) => `${name}=${String(value)}`)
  return [
    `${run.run}: ${run.runbook} on ${run.cluster}, etcd ${run.etcdCluster}`,
    `${run.status}, begun ${second(run.startedAt)}, last written ${second(run.lastAt)} UTC${run.attempts > 1 ? `, attempt ${run.attempts}` : ''}`,
    ...(given.length === 0 ? [] : [`with ${given.join(', ')}`]),
    ...aroundLines(run, calls),
    '',
    ...run.steps.flatMap((step) => stepLines(step, run, calls)),
    ...(result === undefined ? [] : ['', ...runLines(result).slice(1)]),
    ...(error === undefined ? [] : ['', `${clean(error.message)}  (${error.code})`, `  ${clean(error.hint)}`]),
    ...(run.status === 'succeeded' || run.status === 'running'
      ? []
      : ['', 'Next', `  etcd-rescue runs resume ${run.run}`]),
    ...(calls ? [] : ['', `Every call to nodes and stores: etcd-rescue runs show ${run.run} --calls`]),
  ]
}

const second = (time: string) => time.slice(0, 19).replace('T', ' ')

/** Of no step: the lock, and what the connections say. */
function aroundLines({ steps, notes }: RunDetailsValue, calls: boolean): string[] {
  const known = new Set(steps.map(({ id }) => id))
  return notes.filter(({ step, kind }) => !known.has(step) && (calls || kind !== 'call')).map(({ line }) => clean(line))
}

function stepLines(step: StepDetails, { notes }: RunDetailsValue, calls: boolean): string[] {
  const { id, status, startedAt = '', seconds, attempts, changed, error } = step
  const again = attempts > 1 ? `, attempt ${attempts}` : ''
  const took = status === 'skipped' ? '' : `  ${duration(seconds)}${again}`
  const own = notes.filter((note) => note.step === id && (calls || note.kind !== 'call'))
  return [
    `${(startedAt.slice(11, 19) || '').padEnd(8)}  ${id.padEnd(24)} ${status}${took}`,
    ...own.map(({ kind, line }) => `            ${kind === 'answer' ? 'asked: ' : ''}${clean(line)}`),
    ...changed.map((line) => `            changed: ${clean(line)}`),
    ...(error === undefined || status === 'done' ? [] : [`            failed: ${clean(error.message)}`]),
  ]
}
