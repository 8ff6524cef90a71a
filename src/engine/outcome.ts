import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { RescueError } from '../errors/rescue-error.ts'
import { EXIT } from '../errors/table.ts'
import type { PlanItem } from '../runbook/types.ts'
import { shellWord } from '../shell/quote.ts'
import { type Env, type RunResult, type StepResult, stateOf } from './env.ts'
import type { RunStatus } from './events.ts'
import { leftLine } from './events.ts'
import { eventError } from './phases.ts'
import type { Facts, RunHeader } from './records.ts'
import { factsOf, leftIn } from './state.ts'
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
    unverified: unverified(env),
    ...(error ? { error: eventError(error) } : {}),
    unchanged: error ? unchanged(env) : [],
    changed: changed(env),
    left: world.dryRun ? [] : leftIn(journal.state),
    next: world.dryRun
      ? []
      : [
          ...(error ? nextAfter(env, error) : []),
          ...standing(env),
          ...leftNodes(env),
          ...leftToDo(env),
          ...leftHere(env),
        ],
    undoable,
  }
}

function nextAfter(env: Env, error: RescueError): string[] {
  const { run } = env.journal.header
  return [wayOn(env, error), `etcd-rescue runs show ${run}`]
}

/** `runs resume` takes these; all else that a hint asks for is an input, and a run keeps its own. */
const OF_RESUME = ['yes', 'confirm', 'break-lock', 'without-lock']

/** What to type so that it does not end in the same place. */
function wayOn(env: Env, error: RescueError): string {
  const resume = resumeHint(env.journal.header.run)
  if (!['ANSWER_MISSING', 'CONFIRMATION_WRONG', 'PRECONDITION', 'LOCKED'].includes(error.code)) return resume
  const answers = [...error.hint.matchAll(/--(yes|confirm|break-lock|without-lock)\b/g)].map(([flag]) => flag)
  if (answers.length > 0) {
    const { cluster } = env.plan
    const flags = [...new Set(answers)].map((flag) => (flag === '--confirm' ? `--confirm ${shellWord(cluster)}` : flag))
    return [resume, ...flags].join(' ')
  }
  const asked = [...error.hint.matchAll(/--([a-z-]+)/g)].map(([, name = '']) => name)
  const isAnother = !error.hint.includes('runs resume') && asked.some((name) => !OF_RESUME.includes(name))
  return isAnother && exitOf(env, error) === EXIT.precondition ? anew(env, error) : resume
}

/** One of the catalogue by its name, one of the operator's own by its file. */
function nameOf({ name, file }: RunHeader['runbook']): string {
  const dir = dirname(file)
  const isOurs = basename(file) === `${name}.yaml` && existsSync(join(dir, '..', 'schemas', 'runbook.schema.json'))
  return isOurs ? name : file
}

/** The same run from its beginning, with the answer that the hint names where it names just one. */
function anew({ plan, journal }: Env, { hint }: RescueError): string {
  const { runbook, etcdCluster } = plan
  const { inputs, runbook: written } = journal.header
  const given = Object.entries(inputs).filter(([name, value]) => value !== runbook.inputs[name]?.default)
  const sets = [...new Set([...hint.matchAll(/--set ([\w-]+=[^\s;,)]+)/g)].map(([, pair = '']) => pair))]
  const [answer = ''] = sets.length === 1 ? sets : []
  const kept = given
    .map(([name, value]) => `${name}=${value}`)
    .filter((pair) => pair.split('=')[0] !== answer.split('=')[0])
  const words = [...kept, ...(answer === '' ? [] : [answer])].map((pair) => `--set ${shellWord(pair)}`)
  const remark = answer === '' ? ['  # with what is asked for above'] : []
  return ['etcd-rescue run', shellWord(nameOf(written)), '--etcd-cluster', etcdCluster, ...words, ...remark].join(' ')
}

/** What was begun and is not ended: the operator must not find out by its effects. */
function standing(env: Env): string[] {
  const isDone = (id: string) => env.plan.items.some((item) => item.id === id && stateOf(env, item).status === 'done')
  return env.plan.items.flatMap((item) => {
    const { standing: stays } = item.step
    return stays && begunOrDone(env, item) && !isDone(stays.until) ? [stays.next(env.journal.header.run)] : []
  })
}

const leftNodes = ({ journal }: Env) => [...new Set(leftIn(journal.state).map(leftLine))]

/** What the steps of this run leave to a person, each line once. */
function leftToDo(env: Env): string[] {
  const known = { ...factsOf(env.journal.state), ...unverified(env) }
  const { items, etcdCluster } = env.plan
  const lines = items.flatMap((item) =>
    stateOf(env, item).phase === 'finished' || hasFailedAfterActing(env, item)
      ? (item.step.next?.(known, etcdCluster) ?? [])
      : [],
  )
  return [...new Set(lines)]
}

/** What a step found whose result is not right: told, and never given to another step. */
function unverified(env: Env): Facts {
  const failed = env.plan.items.filter((item) => hasFailedAfterActing(env, item))
  return Object.assign({}, ...failed.map((item) => stateOf(env, item).facts))
}

function hasFailedAfterActing(env: Env, item: PlanItem): boolean {
  const { status, phase, facts } = stateOf(env, item)
  return status === 'failed' && phase === 'acting' && Object.keys(facts).length > 0
}

/** A run that did not come to its end leaves the fetched data, with every Secret in it, on this machine. */
function leftHere({ world }: Env): string[] {
  const dir = world.scratch.peek()
  if (!existsSync(dir)) return []
  return [
    `rm -r ${shellWord(dir)}   # only to give the run up: fetched data, with the cluster's Secrets in it, is kept there`,
  ]
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
