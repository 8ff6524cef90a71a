import type { PlanItem } from '../runbook/types.ts'
import { type StepRun, stepRun } from './context.ts'
import type { Env } from './env.ts'
import { act, begin, check, confirm, fail, finish, happenedBefore, isWithheld, verify } from './phases.ts'

/** One step alone: has it happened → check → confirm → act → verify. Throws a `RescueError` that is journaled. */
export async function runStep(env: Env, item: PlanItem): Promise<void> {
  const run = stepRun(env, item)
  await begin(run)
  try {
    const facts = (await happenedBefore(run)) ?? (await checkAndAct(run))
    await verify(run, facts)
    await finish(run, 'done', facts)
  } catch (error) {
    if (!isWithheld(run, error)) throw await fail(run, error)
    await finish(run, 'withheld', {}, 'a dry run changes nothing')
  }
}

/** What was checked longer ago than this is checked again before it is acted upon. */
const STALE_MS = 60_000

async function checkAndAct(run: StepRun) {
  await check(run)
  const { clock } = run.env.world
  const asked = clock.now().getTime()
  await confirm(run)
  // the answer came late: a command may be pending by now, a backup gone
  if (clock.now().getTime() - asked > STALE_MS) await check(run)
  return act(run)
}
