import type { EventError, LeftNode, RunStatus, StepStatus } from './events.ts'
import type { Facts, JournalRecord, Selection } from './records.ts'

/** How far a step came. `acting`: it may have happened; `acted`: it has, and is not verified. */
export type Phase = 'new' | 'started' | 'acting' | 'acted' | 'finished' | 'undone'

export interface StepState {
  phase: Phase
  status?: StepStatus
  startedAt?: string
  seconds: number
  attempts: number
  facts: Facts
  once: Map<string, unknown>
  /** Of its last act. */
  left: LeftNode[]
  error?: EventError
}

/** What a journal says when it is read from its first line to its last. */
export interface RunState {
  attempts: number
  selection: Selection | undefined
  steps: Map<string, StepState>
  ended: { status: RunStatus; error?: EventError; seconds: number } | undefined
  /** The time of the last line. */
  lastAt: string | undefined
}

export function newState(): RunState {
  return { attempts: 0, selection: undefined, steps: new Map(), ended: undefined, lastAt: undefined }
}

export function stepState(state: RunState, id: string): StepState {
  const known = state.steps.get(id)
  if (known) return known
  const fresh: StepState = { phase: 'new', seconds: 0, attempts: 0, facts: {}, once: new Map(), left: [] }
  state.steps.set(id, fresh)
  return fresh
}

/** Facts of all finished steps, and those that were taken from an earlier run. */
export function factsOf(state: RunState): Facts {
  const own = [...state.steps.values()].filter(({ phase }) => phase === 'finished').map(({ facts }) => facts)
  return Object.assign({}, state.selection?.facts, ...own)
}

/** What was left on nodes, by the order of the steps that left it. */
export const leftIn = (state: RunState): LeftNode[] => [...state.steps.values()].flatMap(({ left }) => left)

/** Applies one line. The same function reads a journal back and keeps the state of a run that is going on. */
export function apply(state: RunState, record: JournalRecord): void {
  state.lastAt = record.at
  if (record.type === 'attempt') {
    state.attempts = record.attempt
    state.ended = undefined
  } else if (record.type === 'selection') {
    const { from, only, facts } = record
    state.selection = { facts, ...(from === undefined ? {} : { from }), ...(only === undefined ? {} : { only }) }
  } else if (record.type === 'ended') state.ended = record
  else if (record.type !== 'event') applyToStep(stepState(state, record.step), record)
}

type OfStep = Exclude<Extract<JournalRecord, { step: string }>, { type: 'event' }>

function applyToStep(step: StepState, record: OfStep): void {
  switch (record.type) {
    case 'started':
      step.attempts += 1
      step.startedAt = record.at
      // A step that may have happened stays so until it is finished.
      if (step.phase === 'new' || step.phase === 'undone') step.phase = 'started'
      return
    case 'acting':
      step.phase = 'acting'
      step.left = []
      return
    case 'acted':
      step.phase = 'acted'
      step.facts = record.facts
      return
    case 'once':
      step.once.set(record.key, record.value)
      return
    case 'left':
      step.left.push(record.left)
      return
    case 'finished':
      Object.assign(step, { phase: 'finished', status: record.status, facts: record.facts, seconds: record.seconds })
      return
    case 'failed':
      // What was done and is not right is looked at anew, as if it had been interrupted.
      Object.assign(step, {
        status: 'failed',
        error: record.error,
        ...(step.phase === 'acted' ? { phase: 'acting' } : {}),
      })
      return
    case 'undoing':
      step.phase = 'acting'
      return
    case 'undone':
      Object.assign(step, { phase: 'undone', status: 'undone', facts: {}, once: new Map(), left: [] })
  }
}
