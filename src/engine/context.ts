import type { Readable, Writable } from 'node:stream'
import { WithheldError } from '../errors/rescue-error.ts'
import type { PlanItem } from '../runbook/types.ts'
import type { Running } from './current-step.ts'
import { type Env, needsOf, safePoint, stateOf } from './env.ts'
import type { EngineEvent } from './events.ts'
import { leftLine } from './events.ts'
import type { EventKind, Facts } from './records.ts'
import { keepWhileWaiting } from './standing.ts'
import { leftIn } from './state.ts'
import type { StepContext } from './step.ts'
import { resumeHint } from './stop.ts'
import { type Stopwatch, stopwatch } from './stopwatch.ts'
import { waitUntil } from './wait.ts'

/** How a step that runs together with others is tied to them. */
export interface Wiring {
  signal?: AbortSignal
  incoming?: Readable
  outgoing?: Writable
  /** Resolves when all earlier steps of the group are verified. */
  earlier?: Promise<unknown>
}

export interface StepRun {
  readonly env: Env
  readonly item: PlanItem
  readonly running: Running
  readonly signal: AbortSignal
  readonly took: Stopwatch
  readonly wiring: Wiring
  /** Made anew for each use, so that streams and needs are those of now. */
  context(): StepContext<Facts, unknown>
}

const MOST_LINE = 2000

export function stepRun(env: Env, item: PlanItem, wiring: Wiring = {}): StepRun {
  const running: Running = {
    step: item.id,
    withheld: 0,
    onCall: (call) => say(env, { type: 'call', step: item.id, ...call }),
    onAnswer: (question, answer) => remind(env, item.id, 'answer', `${question} ${answer}`),
  }
  const signal = signalOf(env, item, wiring)
  const run: StepRun = {
    env,
    item,
    running,
    signal,
    wiring,
    took: stopwatch(env.world),
    context: () => contextOf(run),
  }
  return run
}

/** The first Ctrl-C ends transfers of steps that only read or write here; a change is ended only by the second. */
function signalOf({ stop }: Env, { effect }: PlanItem, { signal }: Wiring): AbortSignal {
  const gentle = effect === 'read' || effect === 'local' ? [stop.soft] : []
  return AbortSignal.any([stop.hard, ...gentle, ...(signal ? [signal] : [])])
}

function contextOf(run: StepRun): StepContext<Facts, unknown> {
  const { env, item, signal, wiring } = run
  const { incoming, outgoing, earlier } = wiring
  const step = item.id
  const settled = (earlier ?? Promise.resolve()).then(() => needsOf(env, item).values)
  settled.catch(() => {}) // a step that does not look at it must not fail by it
  return {
    world: env.world,
    runId: env.journal.header.run,
    inputs: item.inputs,
    get needs() {
      return needsOf(env, item).values
    },
    settled,
    signal,
    once: (key, make) => once(env, item, key, make),
    leave: async (left) => {
      say(env, { type: 'note', step, line: `careful: ${leftLine(left)}`.slice(0, MOST_LINE) })
      await env.journal.append({ type: 'left', step, left }, { flush: true })
    },
    get left() {
      return leftIn(env.journal.state)
    },
    recall: (key) => stateOf(env, item).once.get(key),
    note: (line) => say(env, { type: 'note', step, line: line.slice(0, MOST_LINE) }),
    table: (columns, rows) => say(env, { type: 'table', step, columns, rows }),
    progress: (label, done, total, unit = 'bytes') =>
      env.emit({ type: 'progress', step, label, done, unit, ...(total === undefined ? {} : { total }) }),
    until: (condition) => {
      // What a withheld change would have brought about will not come.
      if (run.running.withheld > 0) throw new WithheldError(`waiting for: ${condition.name}`)
      return waitUntil(condition, {
        clock: env.world.clock,
        signal: AbortSignal.any([signal, env.stop.soft]),
        loopSeconds: env.world.target.loopSeconds,
        next: resumeHint(env.journal.header.run),
        safePoint: () => {
          safePoint(env)
          keepWhileWaiting(run)
        },
        onWaiting: (last, remainingSeconds) =>
          env.emit({ type: 'waiting', step, condition: condition.name, last, remainingSeconds }),
      })
    },
    ...(incoming ? { incoming } : {}),
    ...(outgoing ? { outgoing } : {}),
  }
}

const pending = new WeakMap<Env, Map<string, Promise<unknown>>>()

/** Two calls for the same key at once make one value. */
function once<T>(env: Env, item: PlanItem, key: string, make: () => T | Promise<T>): Promise<T> {
  const known = stateOf(env, item).once
  if (known.has(key)) return Promise.resolve(known.get(key) as T)
  const all = pending.get(env) ?? new Map<string, Promise<unknown>>()
  pending.set(env, all)
  const name = `${item.id} ${key}`
  const making = (all.get(name) as Promise<T> | undefined) ?? remember(env, item, key, make)
  all.set(name, making)
  const forget = () => all.delete(name)
  making.then(forget, forget)
  return making
}

async function remember<T>(env: Env, item: PlanItem, key: string, make: () => T | Promise<T>): Promise<T> {
  const value = await make()
  await env.journal.append({ type: 'once', step: item.id, key, value }, { flush: true })
  return stateOf(env, item).once.get(key) as T
}

/** To the screens and, unflushed, into the journal. */
function say(env: Env, event: Extract<EngineEvent, { type: 'call' | 'note' | 'table' }>): void {
  env.emit(event)
  for (const line of linesOf(event)) remind(env, event.step, event.type, line)
}

function remind(env: Env, step: string, kind: EventKind, line: string): void {
  env.journal.append({ type: 'event', step, kind, line: line.slice(0, MOST_LINE) }).catch(() => {})
}

function linesOf(event: Extract<EngineEvent, { type: 'call' | 'note' | 'table' }>): string[] {
  if (event.type === 'note') return [event.line]
  if (event.type === 'call') return [`${event.withheld ? '!' : '$'} ${event.where}: ${event.line}`]
  return [event.columns, ...event.rows.slice(0, 200)].map((row) => row.join('  '))
}
