import { RescueError, toRescueError, WithheldError } from '../errors/rescue-error.ts'
import type { PlanItem } from '../runbook/types.ts'
import type { StepRun } from './context.ts'
import { within } from './current-step.ts'
import { factsFrom, safePoint, stateOf, stoppedAt } from './env.ts'
import type { EventError, StepStatus } from './events.ts'
import type { Facts } from './records.ts'
import { keepStanding } from './standing.ts'

/** After the second Ctrl-C a step has this long to end by itself. */
const GRACE_MS = 5000

export const eventError = ({ code, message, hint }: RescueError): EventError => ({ code, message, hint })

/** Tells journal and screens that a step begins. */
export async function begin(run: StepRun): Promise<void> {
  const { env, item } = run
  await env.journal.append({ type: 'started', step: item.id }, { flush: true })
  const { attempts } = stateOf(env, item)
  env.emit({ type: 'step-started', step: item.id, title: item.title, effect: item.effect, attempt: attempts })
}

/**
 * The facts of a step that had acted in an earlier attempt: from the journal when it got that far, else the world is
 * asked. Undefined: it has not happened, or nobody can tell and doing it again is harmless.
 */
export async function happenedBefore(run: StepRun): Promise<Facts | undefined> {
  const { env, item } = run
  const { phase, facts } = stateOf(env, item)
  if (phase === 'acted') return facts
  if (phase !== 'acting') return undefined
  const { happened } = item.step
  if (!happened) {
    if (item.effect === 'irreversible') throw cannotTell(item.id)
    return undefined
  }
  const found = await guarded(run, () => happened.call(item.step, run.context()))
  if (found === undefined) return undefined
  const kept = factsFrom(env, item, found)
  run.context().note('found already done by an earlier attempt; not done again')
  await env.journal.append({ type: 'acted', step: item.id, facts: kept }, { flush: true })
  return kept
}

export async function check(run: StepRun): Promise<void> {
  await guarded(run, async () => run.item.step.check?.(run.context()))
}

/** Asks what the runbook wants asked. A dry run asks nothing: there is nothing to agree to. */
export async function confirm(run: StepRun): Promise<void> {
  const { env, item } = run
  const { dryRun } = env.world
  if (dryRun || item.confirm === 'none') return
  if (item.confirm === 'ask' && (await isSo(run))) return
  return within(run.running, () => agree(run))
}

async function agree({ env, item }: StepRun): Promise<void> {
  const { prompter } = env.world
  const what = `${item.id}: ${item.changes.join('; ') || item.title}`
  if (item.confirm === 'type-cluster') {
    const warning = item.effect === 'irreversible' ? ' This cannot be taken back.' : ''
    return prompter.typeName(`${what}.${warning}`, env.plan.cluster, { flag: '--confirm' })
  }
  if (!(await prompter.confirm(`${what}. Go on?`, { flag: '--yes', default: false }))) {
    throw stoppedAt(env.journal.header.run)
  }
}

/** What is so already was agreed to when it was done: by hand, or before the method was chosen. */
async function isSo(run: StepRun): Promise<boolean> {
  const { step } = run.item
  return step.isSo !== undefined && (await guarded(run, async () => step.isSo?.(run.context()) ?? false))
}

/** The journal says that it may have happened before it does, and that it has before anything else is done. */
export async function act(run: StepRun): Promise<Facts> {
  const { env, item } = run
  // A question may have stood for an hour on a machine that slept: the lock can be someone else's by now.
  if (item.effect === 'change' || item.effect === 'irreversible') {
    await env.lock?.renew()
    await keepStanding(run)
  }
  safePoint(env)
  await env.journal.append({ type: 'acting', step: item.id }, { flush: true })
  const given = await guarded(run, () => item.step.act(run.context()))
  if (run.running.withheld > 0) throw new WithheldError(item.id)
  const facts = factsFrom(env, item, given)
  await env.journal.append({ type: 'acted', step: item.id, facts }, { flush: true })
  return facts
}

export async function verify(run: StepRun, facts: Facts): Promise<void> {
  await guarded(run, async () => run.item.step.verify?.(run.context(), facts))
}

export async function finish(run: StepRun, status: StepStatus, facts: Facts, why?: string): Promise<void> {
  const { env, item } = run
  const { seconds } = run.took()
  const { attempts } = stateOf(env, item)
  const reason = why === undefined ? {} : { why }
  await env.journal.append(
    { type: 'finished', step: item.id, status, facts, seconds, attempts, ...reason },
    { flush: true },
  )
  env.emit({ type: 'step-finished', step: item.id, status, seconds, attempts, ...reason, ...wouldChange(item, status) })
}

/** For a person: the calls that were withheld are shell, and not all are reached. */
export const wouldChange = ({ changes }: PlanItem, status: StepStatus) =>
  status === 'withheld' && changes.length > 0 ? { changes } : {}

/** Writes down why a step failed, and gives the error that the run ends with. */
export async function fail(run: StepRun, caught: unknown): Promise<RescueError> {
  const { env, item, signal } = run
  const error = signal.aborted ? whyAborted(run, caught) : ours(run, caught)
  await env.journal.append({ type: 'failed', step: item.id, error: eventError(error) }, { flush: true }).catch(() => {})
  env.emit({ type: 'step-failed', step: item.id, error: eventError(error) })
  return error
}

/** In a dry run: the step came to a change. What it says after that is about a world that is not so. */
export function isWithheld({ env, running }: StepRun, error: unknown): boolean {
  return env.world.dryRun && (error instanceof WithheldError || running.withheld > 0) && !env.stop.soft.aborted
}

function whyAborted({ env, wiring }: StepRun, caught: unknown): RescueError {
  const other: unknown = wiring.signal?.reason
  if (wiring.signal?.aborted && other instanceof RescueError) {
    if (env.stop.soft.aborted) return stoppedAt(env.journal.header.run, caught)
    return new RescueError('STOPPED', `ended because a step that runs together with it failed: ${other.message}`, {
      hint: other.hint,
      cause: caught,
    })
  }
  return stoppedAt(env.journal.header.run, caught)
}

function ours({ env }: StepRun, caught: unknown): RescueError {
  const error = toRescueError(caught)
  return error.code === 'STOPPED' ? stoppedAt(env.journal.header.run, caught) : error
}

/** Runs a part of a step so that its calls are known to be its own, and so that "stop now" is now. */
function guarded<T>({ running, env }: StepRun, body: () => Promise<T>): Promise<T> {
  const { hard } = env.stop
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const onHard = () => {
      timer = setTimeout(() => settle(() => reject(stoppedAt(env.journal.header.run))), GRACE_MS)
    }
    const settle = (how: () => void) => {
      clearTimeout(timer)
      hard.removeEventListener('abort', onHard)
      how()
    }
    if (hard.aborted) onHard()
    else hard.addEventListener('abort', onHard, { once: true })
    within(running, async () => body()).then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}

function cannotTell(id: string): RescueError {
  return new RescueError('BUG', `${id} may have happened, cannot be taken back, and cannot tell whether it did`, {
    hint: 'find out by hand whether it happened, and go on with a new run: --from the step after it',
  })
}
