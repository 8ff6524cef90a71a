import type { PlanItem } from '../runbook/types.ts'
import { type Env, stateOf } from './env.ts'

/** Steps that can be taken back, the last first: those after the last step that can't be, or that settled what was done. */
export function undoableItems(env: Env): PlanItem[] {
  const begun = env.plan.items.filter((item) => {
    const { phase, status } = stateOf(env, item)
    return phase === 'acting' || phase === 'acted' || (phase === 'finished' && status === 'done')
  })
  const isSettled = (item: PlanItem) => item.step.settles === true && stateOf(env, item).phase === 'finished'
  const wall = begun.findLastIndex((item) => item.effect === 'irreversible' || isSettled(item))
  return begun
    .slice(wall + 1)
    .filter(({ step }) => step.undo !== undefined)
    .reverse()
}
