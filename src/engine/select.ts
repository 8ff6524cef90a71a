import { RescueError } from '../errors/rescue-error.ts'
import type { Plan, PlanItem } from '../runbook/types.ts'
import type { Selection } from './records.ts'

/** Which steps run: all, one, or one and all after it. `USAGE` when there is no such step or its needs are not known. */
export function selectItems(plan: Plan, selection: Selection | undefined): Set<string> {
  const ids = plan.items.map(({ id }) => id)
  const { only, from, facts = {} } = selection ?? {}
  if (only === undefined && from === undefined) return new Set(ids)
  const start = ids.indexOf(only ?? from ?? '')
  if (start < 0) throw noStep(only ?? from ?? '', ids)
  const chosen = plan.items.slice(start, only === undefined ? undefined : start + 1)
  checkNeeds(chosen, facts)
  return new Set(chosen.map(({ id }) => id))
}

function checkNeeds(chosen: readonly PlanItem[], facts: Readonly<Record<string, unknown>>): void {
  const known = new Set(Object.keys(facts))
  const missing = chosen.flatMap(({ id, step, skip }) => {
    const lacks = skip ? [] : step.needs.filter((need) => !known.has(need)).map((need) => `${id} needs ${need}`)
    for (const given of step.gives) known.add(given)
    return lacks
  })
  if (missing.length === 0) return
  throw new RescueError('USAGE', `the steps before give what is missing: ${missing.join(', ')}`, {
    hint: 'name an earlier run that had them with --run ID, or begin with an earlier step',
  })
}

function noStep(id: string, ids: readonly string[]): RescueError {
  return new RescueError('USAGE', `the runbook has no step ${JSON.stringify(id)}`, {
    hint: `steps are: ${ids.join(', ')}`,
  })
}
