import { z } from 'zod'
import type { AnyStep, Registry } from '../engine/step.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { Target } from '../ports/target.ts'
import { isTrue, resolve, showWhen } from './expressions.ts'
import { parseInputs } from './inputs.ts'
import type { Inputs, Plan, PlanItem, Runbook, RunbookStep } from './types.ts'

/**
 * What would run, step by step: no IO, no clock. `given` are inputs as typed (`--set copy=auto`); unknown, missing or
 * wrong ones are `USAGE`, all at once. The registry is the one that the runbook was loaded with.
 */
export function planRunbook(
  runbook: Runbook,
  registry: Registry,
  target: Pick<Target, 'cluster' | 'etcdCluster'>,
  given: Readonly<Record<string, unknown>> = {},
): Plan {
  const inputs = parseInputs(runbook, given)
  const items = runbook.steps.map((step) => toItem(step, registry, inputs))
  return { runbook, cluster: target.cluster, etcdCluster: target.etcdCluster, inputs, facts: registry.facts, items }
}

function toItem(written: RunbookStep, registry: Registry, inputs: Inputs): PlanItem {
  const step = registry.steps.get(written.uses) ?? written.build(inputs)
  const values = stepInputs(written, step, inputs)
  const { reads, changes } = step.describe(values)
  const { when } = written
  const off = when?.kind === 'input' && isTrue(inputs[when.name]) === when.negated
  return {
    id: written.id,
    uses: written.uses,
    title: written.title ?? step.title,
    effect: step.effect,
    inputs: values,
    reads,
    changes,
    confirm: written.confirm,
    step,
    ...(when?.kind === 'fact' ? { when } : {}),
    ...(when && off ? { skip: `only when ${showWhen(when)}` } : {}),
    ...(written.group === undefined ? {} : { group: written.group }),
  }
}

function stepInputs(written: RunbookStep, step: AnyStep, inputs: Inputs): unknown {
  const parsed = step.inputs.safeParse(resolve(written.with, inputs))
  if (parsed.success) return parsed.data
  throw new RescueError('USAGE', `the inputs of ${written.id} are not right: ${z.prettifyError(parsed.error)}`, {
    hint: 'correct the value after --set, or with: in the runbook',
  })
}
