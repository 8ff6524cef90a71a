import type { AnyStep, Registry } from '../engine/step.ts'
import type { Entry } from './entries.ts'
import type { Confirm, InputSpec, Inputs } from './types.ts'

export interface RuleInput {
  entries: readonly Entry[]
  inputs: Readonly<Record<string, InputSpec>>
  registry: Registry
}

export const usesOf = (entry: Entry): string =>
  entry.kind === 'uses' ? (entry.value.uses ?? entry.value.id ?? '') : (entry.value.id ?? '')
export const idOf = (entry: Entry): string => entry.value.id ?? usesOf(entry)
export const stepOf = (entry: Entry, registry: Registry): AnyStep | undefined =>
  entry.kind === 'uses' ? registry.steps.get(usesOf(entry)) : undefined

/** What is asked when the runbook does not say: the name before the irreversible, yes or no before one's own commands. */
export function confirmOf(entry: Entry, step: AnyStep | undefined): Confirm {
  if (entry.kind !== 'manual' && entry.value.confirm) return entry.value.confirm
  if (step?.effect === 'irreversible') return 'type-cluster'
  const reads = entry.kind === 'run' ? entry.value.reads : entry.kind === 'ssh' ? entry.value.ssh.reads : true
  return reads === true ? 'none' : 'ask'
}

/** Inputs with a default; those without are not known before a run. */
export function defaultsOf(inputs: Readonly<Record<string, InputSpec>>): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, spec]) => (spec.default === undefined ? [] : [[name, spec.default]])),
  )
}
