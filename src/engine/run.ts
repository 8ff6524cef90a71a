import { hostname } from 'node:os'
import { type RescueError, toRescueError } from '../errors/rescue-error.ts'
import type { World } from '../ports/world.ts'
import { factHolds, showWhen } from '../runbook/expressions.ts'
import type { Plan, PlanItem } from '../runbook/types.ts'
import { calmly, type Env, needsOf, type RunOptions, type RunResult, safePoint, stateOf } from './env.ts'
import { withLock } from './held.ts'
import type { Journal } from './journal.ts'
import { outcome } from './outcome.ts'
import { wouldChange } from './phases.ts'
import { runGroup } from './run-group.ts'
import { runStep } from './run-step.ts'
import { selectItems } from './select.ts'
import { settled } from './standing.ts'
import { factsOf } from './state.ts'
import { type Stopwatch, stopwatch } from './stopwatch.ts'

/**
 * Carries a plan out: the only mover. A journal that was opened again goes on where it ended. Never throws for what
 * happens in a run: the result has the error, the exit code, and what was and was not changed.
 */
export async function runPlan(plan: Plan, world: World, journal: Journal, options: RunOptions): Promise<RunResult> {
  const env: Env = { plan, world, journal, emit: calmly(options.emit), stop: options.stop }
  const took = stopwatch(world)
  const error = await attempt(env, options).then(
    () => undefined,
    (caught: unknown) => toRescueError(caught),
  )
  return end(env, took, error)
}

async function attempt(env: Env, options: RunOptions): Promise<void> {
  const { journal, plan, world } = env
  const { run } = journal.header
  const attempt = journal.state.attempts + 1
  await journal.append({ type: 'attempt', attempt, pid: process.pid, host: hostname() }, { flush: true })
  const { cluster, etcdCluster } = plan
  env.emit({
    type: 'run-started',
    run,
    runbook: plan.runbook.name,
    cluster,
    etcdCluster,
    dryRun: world.dryRun,
    resumed: attempt > 1,
  })
  if (attempt === 1) await remember(env, options)
  const chosen = selectItems(plan, journal.state.selection)
  if (!world.dryRun) expectName(env, chosen)
  await (wantsLock(env, chosen) ? withLock(env, options, (held) => walk(held, chosen)) : walk(env, chosen))
}

/** What `--from`, `--only` and `--run` said belongs to the run: a resumed one is about the same steps. */
async function remember({ journal }: Env, { from, only, facts = {} }: RunOptions): Promise<void> {
  const which = { ...(from === undefined ? {} : { from }), ...(only === undefined ? {} : { only }) }
  await journal.append({ type: 'selection', facts, ...which }, { flush: true })
}

/** A name that will have to be typed and cannot be, or is given wrong, ends the run before it begins. */
function expectName(env: Env, chosen: ReadonlySet<string>): void {
  const asks = env.plan.items.some(
    (item) =>
      item.confirm === 'type-cluster' &&
      chosen.has(item.id) &&
      !item.skip &&
      // one that was begun asks the world first, and perhaps nobody
      !['acting', 'acted', 'finished'].includes(stateOf(env, item).phase),
  )
  if (asks) env.world.prompter.expectName?.(env.plan.cluster, { flag: '--confirm' })
}

/** A run with nothing left that changes anything keeps nobody out. */
function wantsLock(env: Env, chosen: ReadonlySet<string>): boolean {
  const open = env.plan.items.filter((item) => chosen.has(item.id) && stateOf(env, item).phase !== 'finished')
  return open.some(({ effect, skip }) => !skip && (effect === 'change' || effect === 'irreversible'))
}

async function walk(env: Env, chosen: ReadonlySet<string>): Promise<void> {
  const { items } = env.plan
  for (let index = 0; index < items.length; ) {
    const first = items[index] as PlanItem
    // Nothing streams in a dry run: the bytes would come from changes.
    const alone = first.group === undefined || env.world.dryRun
    const size = alone ? 1 : items.filter(({ group }) => group === first.group).length
    await runItems(env, items.slice(index, index + size), chosen)
    index += size
  }
}

async function runItems(env: Env, items: readonly PlanItem[], chosen: ReadonlySet<string>): Promise<void> {
  safePoint(env)
  const left: PlanItem[] = []
  for (const item of items) if (await isToRun(env, item, chosen)) left.push(item)
  const [only] = left
  if (only && items.length === 1) await runStep(env, only)
  else if (only)
    await runGroup(
      env,
      items.filter((item) => left.includes(item) || stateOf(env, item).phase === 'finished'),
    )
}

async function isToRun(env: Env, item: PlanItem, chosen: ReadonlySet<string>): Promise<boolean> {
  const { phase, status, seconds, attempts } = stateOf(env, item)
  if (phase === 'finished' && status) {
    env.emit({ type: 'step-finished', step: item.id, status, seconds, attempts, why: 'in an earlier attempt' })
    return false
  }
  const skip = chosen.has(item.id) ? (item.skip ?? factCondition(env, item)) : 'not chosen'
  if (skip !== undefined) {
    await leave(env, item, 'skipped', skip)
    return false
  }
  const missing = env.world.dryRun ? missingNeeds(env, item) : undefined
  if (missing !== undefined) await leave(env, item, 'withheld', missing)
  return missing === undefined
}

function factCondition(env: Env, { when }: PlanItem): string | undefined {
  if (when?.kind !== 'fact' || factHolds(when, factsOf(env.journal.state))) return undefined
  if (when.field !== undefined) return `only when ${showWhen(when)}`
  return `only when ${when.negated ? 'there is no' : 'there is a'} ${when.name}`
}

/** Only in a dry run: what an earlier step would have given is not there. */
function missingNeeds(env: Env, item: PlanItem): string | undefined {
  const { missing } = needsOf(env, item)
  if (missing.length === 0) return undefined
  const givers = env.plan.items.filter(({ step }) => step.gives.some((fact) => missing.includes(fact)))
  return `needs what ${givers.map(({ id }) => id).join(', ')} would give`
}

async function leave(env: Env, item: PlanItem, status: 'skipped' | 'withheld', why: string): Promise<void> {
  await env.journal.append(
    { type: 'finished', step: item.id, status, facts: {}, seconds: 0, attempts: 0, why },
    { flush: true },
  )
  env.emit({ type: 'step-finished', step: item.id, status, seconds: 0, attempts: 0, why, ...wouldChange(item, status) })
}

async function end(env: Env, took: Stopwatch, error: RescueError | undefined): Promise<RunResult> {
  await settled(env)
  const result = outcome(env, error)
  const { status, unchanged, changed, next } = result
  const { seconds, askedSeconds } = took()
  const waited = askedSeconds < 1 ? {} : { askedSeconds }
  const failed = result.error ? { error: result.error } : {}
  // The result counts also when the disk is full: the run is over either way.
  await env.journal.append({ type: 'ended', status, seconds, ...failed }, { flush: true }).catch(() => {})
  env.emit({ type: 'run-finished', status, seconds, ...waited, ...failed, unchanged, changed, next })
  return result
}
