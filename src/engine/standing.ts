import type { PlanItem } from '../runbook/types.ts'
import { type Running, within } from './current-step.ts'
import { type Env, stateOf } from './env.ts'
import type { Journal } from './journal.ts'
import type { Facts } from './records.ts'
import type { StepContext } from './step.ts'

/** The step that runs while something stands. */
interface StepRun {
  readonly env: Env
  readonly item: PlanItem
  readonly running: Running
  context(): StepContext<Facts, unknown>
}

/** What was looked at a moment ago is not looked at again: between two renames an etcd is away. */
const FRESH_MS = 2000

interface Watched {
  /** When all was last looked at. */
  at: number
  going?: Promise<void> | undefined
  /** Of a look while something was waited for; it ends the wait. */
  failed?: { error: unknown }
}

const watched = new WeakMap<Journal, Watched>()

function watchOf({ journal }: Env): Watched {
  const known = watched.get(journal) ?? { at: 0 }
  watched.set(journal, known)
  return known
}

/** Steps whose effect stands and is kept up by a look; not for the step that makes it, nor for the one that ends it. */
function keptItems({ env, item }: StepRun): PlanItem[] {
  const isDone = (id: string) => env.plan.items.some((one) => one.id === id && stateOf(env, one).status === 'done')
  return env.plan.items.filter(({ id, step: { standing } }) => {
    if (standing?.keep === undefined || [id, standing.until].includes(item.id)) return false
    return isDone(id) && !isDone(standing.until)
  })
}

function begin(run: StepRun, watch: Watched): Promise<void> {
  const { clock } = run.env.world
  const going = within(run.running, async () => {
    for (const { step } of keptItems(run)) await step.standing?.keep?.(run.context())
    watch.at = clock.now().getTime()
  }).finally(() => {
    watch.going = undefined
  })
  watch.going = going
  return going
}

/** Before a change: what stands is looked at, and put back where it fell; where that cannot be done, the change is not made. */
export async function keepStanding(run: StepRun): Promise<void> {
  const watch = watchOf(run.env)
  await settled(run.env)
  if (watch.failed) throw take(watch)
  if (keptItems(run).length === 0 || age(run, watch) < FRESH_MS) return
  await begin(run, watch)
}

/** In a wait: once a loop of etcd-manager, beside what is waited for, so that a node that does not answer delays nothing. */
export function keepWhileWaiting(run: StepRun): void {
  const watch = watchOf(run.env)
  if (watch.failed) throw take(watch)
  if (watch.going !== undefined || keptItems(run).length === 0) return
  if (age(run, watch) < run.env.world.target.loopSeconds * 1000) return
  begin(run, watch).catch((error) => {
    watch.failed = { error }
  })
}

/** Resolves when no look goes on. */
export async function settled(env: Env): Promise<void> {
  await watchOf(env).going?.catch(() => undefined)
}

const age = ({ env }: StepRun, { at }: Watched) => env.world.clock.now().getTime() - at

function take(watch: Watched): unknown {
  const { failed } = watch
  delete watch.failed
  return failed?.error
}
