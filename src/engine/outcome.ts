import { existsSync } from 'node:fs'
import type { RescueError } from '../errors/rescue-error.ts'
import { EXIT } from '../errors/table.ts'
import type { PlanItem } from '../runbook/types.ts'
import { type Env, type RunResult, type StepResult, stateOf } from './env.ts'
import type { RunStatus } from './events.ts'
import { eventError } from './phases.ts'
import { factsOf } from './state.ts'
import { resumeHint } from './stop.ts'
import { undoableItems } from './undoable.ts'

/** What a run came to: the value that `--json` prints and the screens show. */
export function outcome(env: Env, error: RescueError | undefined): RunResult {
  const { plan, journal, world } = env
  const status: RunStatus = error
    ? error.code === 'STOPPED'
      ? 'cancelled'
      : 'failed'
    : world.dryRun
      ? 'dry-run'
      : 'succeeded'
  const undoable = error && !world.dryRun ? undoableItems(env).map(({ id }) => id) : []
  return {
    run: journal.header.run,
    runbook: plan.runbook.name,
    cluster: plan.cluster,
    etcdCluster: plan.etcdCluster,
    status,
    exitCode: error ? exitOf(env, error) : EXIT.done,
    steps: plan.items.flatMap((item) => stepResult(env, item)),
    facts: factsOf(journal.state),
    ...(error ? { error: eventError(error) } : {}),
    unchanged: error ? unchanged(env) : [],
    changed: changed(env),
    next: world.dryRun ? [] : [...(error ? nextAfter(journal.header.run) : []), ...standing(env), ...leftHere(env)],
    undoable,
  }
}

const nextAfter = (run: string) => [resumeHint(run), `etcd-rescue runs show ${run}`]

/** What was begun and is not ended: the operator must not find out by its effects. */
function standing(env: Env): string[] {
  const isDone = (id: string) => env.plan.items.some((item) => item.id === id && stateOf(env, item).status === 'done')
  return env.plan.items.flatMap((item) => {
    const { standing: stays } = item.step
    return stays && begunOrDone(env, item) && !isDone(stays.until) ? [stays.next(env.journal.header.run)] : []
  })
}

/** A run that did not come to its end leaves the fetched data, with every Secret in it, on this machine. */
function leftHere({ world }: Env): string[] {
  const dir = world.scratch.peek()
  if (!existsSync(dir)) return []
  const quoted = /^[\w./@%+=:,-]+$/.test(dir) ? dir : `'${dir.replaceAll("'", "'\\''")}'`
  return [`rm -r ${quoted}   # only to give the run up: fetched data, with the cluster's Secrets in it, is kept there`]
}

/** A precondition that fails after the first change is a failed step: something was changed. */
function exitOf(env: Env, error: RescueError): number {
  return error.exitCode === EXIT.precondition && env.plan.items.some((item) => touched(env, item))
    ? EXIT.stepFailed
    : error.exitCode
}

const reaches = ({ effect }: PlanItem) => effect === 'change' || effect === 'irreversible'

/** Whether a step has, or may have, changed something outside this machine. */
function touched(env: Env, item: PlanItem): boolean {
  return !env.world.dryRun && reaches(item) && begunOrDone(env, item)
}

function begunOrDone(env: Env, item: PlanItem): boolean {
  const { phase, status } = stateOf(env, item)
  return phase === 'acting' || phase === 'acted' || (phase === 'finished' && status === 'done')
}

function changed(env: Env): string[] {
  if (env.world.dryRun) return []
  return (
    env.plan.items
      // files on this machine are not what the operator has to know about the cluster
      .filter((item) => item.effect !== 'local' && begunOrDone(env, item))
      .flatMap((item) => {
        const prefix = stateOf(env, item).phase === 'finished' ? item.id : `${item.id} (may have begun)`
        return item.changes.map((line) => `${prefix}: ${line}`)
      })
  )
}

function unchanged(env: Env): string[] {
  const { items } = env.plan
  const nothing = items.some((item) => touched(env, item))
    ? []
    : ['nothing was changed on the nodes or in the backup store']
  const left = items.filter(
    (item) => reaches(item) && !item.skip && !begunOrDone(env, item) && stateOf(env, item).status !== 'skipped',
  )
  return [...nothing, ...left.flatMap((item) => item.changes.map((line) => `${item.id}: ${line}`))]
}

function stepResult(env: Env, item: PlanItem): StepResult[] {
  const { phase, status, startedAt, seconds, attempts } = stateOf(env, item)
  // Begun without an end: it waited for its neighbours, of which one failed first.
  if (phase === 'new' || (phase === 'started' && status === undefined)) return []
  const shown = phase === 'finished' || phase === 'undone' ? (status ?? 'done') : 'failed'
  return [{ id: item.id, status: shown, startedAt: startedAt ?? env.journal.header.at, seconds, attempts }]
}
