import { hostname, userInfo } from 'node:os'
import { RescueError } from '../errors/rescue-error.ts'
import type { World } from '../ports/world.ts'
import type { Plan, PlanItem } from '../runbook/types.ts'
import type { Emit, EventError, LeftNode, RunStatus, StepStatus } from './events.ts'
import type { Journal } from './journal.ts'
import type { HeldLock, Owner } from './lock.ts'
import type { Facts } from './records.ts'
import { factsOf, type StepState, stepState } from './state.ts'
import { resumeHint, type StopSwitch } from './stop.ts'

/** What all parts of one running run share. */
export interface Env {
  readonly plan: Plan
  readonly world: World
  readonly journal: Journal
  readonly emit: Emit
  readonly stop: StopSwitch
  readonly lock?: HeldLock | undefined
}

export interface RunOptions {
  emit: Emit
  stop: StopSwitch
  /** Who holds the lock. Default: this user on this host. `false`: no lock, for worlds without a shared store. */
  lock?: false | { owner?: Owner; breakLock?: boolean; withoutLock?: boolean; ttlMs?: number }
  /** Begin with this step, or run only this one; what they need comes from `facts` (of an earlier run: `--run`). */
  from?: string
  only?: string
  facts?: Facts
}

export interface StepResult {
  id: string
  status: StepStatus
  startedAt: string
  seconds: number
  attempts: number
}

export interface RunResult {
  run: string
  runbook: string
  cluster: string
  etcdCluster: string
  status: RunStatus
  /** The process exit code: that of the error, but 30 for a precondition after the first change. */
  exitCode: number
  /** Steps that were reached, in the order of the runbook. */
  steps: StepResult[]
  facts: Facts
  /** Of a step that failed when it looked at what it had done. */
  unverified: Facts
  error?: EventError
  unchanged: string[]
  changed: string[]
  /** Nodes without which the run went on. */
  left: LeftNode[]
  /** What to type next. */
  next: string[]
  /** Steps that `undoRun` would take back, the last first. */
  undoable: string[]
}

export function thisOwner(): Owner {
  return { user: userName(), host: hostname() }
}

/** In a container the user often has a number and no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

export const stateOf = ({ journal }: Env, { id }: PlanItem): StepState => stepState(journal.state, id)

/** Between steps and in waits: the places where a run may stop without leaving anything half done. */
export function safePoint({ stop, lock, journal }: Env): void {
  if (stop.soft.aborted) throw stoppedAt(journal.header.run)
  if (lock?.lost) throw lock.lost
}

export function stoppedAt(run: string, cause?: unknown): RescueError {
  return new RescueError('STOPPED', 'stopped by the operator', { hint: resumeHint(run), cause })
}

/** Listeners are screens: one that throws must not end a recovery. */
export function calmly(emit: Emit): Emit {
  return (event) => {
    try {
      emit(event)
    } catch {
      // the journal has it as well
    }
  }
}

/** What a step needs and may use, checked against the schemas. `missing` are needed facts that nobody gave. */
export function needsOf(env: Env, { id, step }: PlanItem): { values: Facts; missing: string[] } {
  const known = factsOf(env.journal.state)
  const present = [...step.needs, ...(step.uses ?? [])].filter((name) => name in known)
  const values = Object.fromEntries(present.map((name) => [name, checkFact(env, id, name, known[name])]))
  return { values, missing: step.needs.filter((name) => !(name in known)) }
}

function checkFact({ plan }: Env, step: string, name: string, value: unknown): unknown {
  const schema = plan.facts[name]
  const parsed = schema?.safeParse(value)
  if (parsed?.success) return parsed.data
  throw new RescueError('JOURNAL_INVALID', `${step} cannot use the fact ${name} that was written earlier`, {
    hint: 'it is from another version of this tool; start a new run',
  })
}

/** Keeps the facts that a step promised, as plain JSON. One that is missing or of a wrong shape is a bug of the step. */
export function factsFrom({ plan }: Env, { id, step }: PlanItem, given: unknown): Facts {
  const all = (given ?? {}) as Facts
  return Object.fromEntries(
    step.gives.flatMap((name) => {
      const parsed = plan.facts[name]?.safeParse(all[name])
      if (!parsed?.success) throw wrongFact(id, name)
      return parsed.data === undefined ? [] : [[name, JSON.parse(JSON.stringify(parsed.data))]]
    }),
  )
}

function wrongFact(step: string, name: string): RescueError {
  return new RescueError('BUG', `the step ${step} gave no ${name}, or a wrong one`, {
    hint: 'this is a bug in etcd-rescue; the journal of the run says where',
  })
}
