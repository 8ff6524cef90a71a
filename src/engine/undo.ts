import { RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { World } from '../ports/world.ts'
import type { Plan, PlanItem } from '../runbook/types.ts'
import { stepRun } from './context.ts'
import { within } from './current-step.ts'
import { calmly, type Env, type RunOptions, safePoint, stateOf } from './env.ts'
import type { EventError } from './events.ts'
import { withLock } from './held.ts'
import type { Journal } from './journal.ts'
import { eventError, fail } from './phases.ts'
import { undoableItems } from './undoable.ts'

export interface UndoResult {
  run: string
  /** Step ids, in the order in which they were taken back. */
  undone: string[]
  left: string[]
  exitCode: number
  error?: EventError
}

/**
 * Takes back what a failed or stopped run did, from its last step up to the last one that can't be taken back, after
 * asking once. Each is journaled: an undone step runs again when the run is resumed.
 */
export async function undoRun(plan: Plan, world: World, journal: Journal, options: RunOptions): Promise<UndoResult> {
  const base: Env = { plan, world, journal, emit: calmly(options.emit), stop: options.stop }
  const items = undoableItems(base)
  const undone: string[] = []
  const result = (error?: RescueError): UndoResult => ({
    run: journal.header.run,
    undone,
    left: items.map(({ id }) => id).filter((id) => !undone.includes(id)),
    exitCode: error?.exitCode ?? 0,
    ...(error ? { error: eventError(error) } : {}),
  })
  if (items.length === 0) return result()
  try {
    await ask(base, items)
    await withLock(base, options, async (env) => {
      await forgetLooks(env, items)
      for (const item of items) {
        safePoint(env)
        await undoStep(env, item)
        undone.push(item.id)
      }
    })
    return result()
  } catch (error) {
    return result(toRescueError(error))
  }
}

/** What was seen or verified after the first of these steps is about a world that is taken back: a resumed run looks anew. */
async function forgetLooks(env: Env, items: readonly PlanItem[]): Promise<void> {
  const all = env.plan.items
  const first = all.findIndex((item) => items.includes(item))
  for (const item of all.slice(first + 1)) {
    const { phase } = stateOf(env, item)
    if (item.effect === 'read' && phase === 'finished')
      await env.journal.append({ type: 'undone', step: item.id }, { flush: true })
  }
}

async function ask({ world, journal }: Env, items: readonly PlanItem[]): Promise<void> {
  const what = items.map(({ id }) => id).join(', ')
  if (await world.prompter.confirm(`Take back ${what}?`, { flag: '--yes', default: false })) return
  throw new RescueError('STOPPED', 'nothing was taken back', { hint: `etcd-rescue runs resume ${journal.header.run}` })
}

async function undoStep(env: Env, item: PlanItem): Promise<void> {
  const { phase, facts, attempts } = stateOf(env, item)
  const run = stepRun(env, item)
  const given = phase === 'acting' && Object.keys(facts).length === 0 ? undefined : facts
  await env.journal.append({ type: 'undoing', step: item.id }, { flush: true })
  env.emit({
    type: 'step-started',
    step: item.id,
    title: `take back: ${item.title}`,
    effect: item.effect,
    attempt: attempts,
  })
  try {
    await within(run.running, async () => item.step.undo?.(run.context(), given))
  } catch (error) {
    throw await fail(run, error)
  }
  await env.journal.append({ type: 'undone', step: item.id }, { flush: true })
  const { seconds } = run.took()
  env.emit({ type: 'step-finished', step: item.id, status: 'undone', seconds, attempts })
}
