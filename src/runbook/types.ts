import type { StepEffect } from '../engine/events.ts'
import type { AnyStep, FactSchemas } from '../engine/step.ts'

/** What is asked before a step acts: nothing, yes or no, or the cluster's name typed. */
export type Confirm = 'none' | 'ask' | 'type-cluster'
export type InputValue = string | number | boolean
export type Inputs = Readonly<Record<string, InputValue>>

/** One input of a runbook. Its type is that of the default; without a default it is a string and must be given. */
export interface InputSpec {
  description?: string | undefined
  default?: InputValue | undefined
  choices?: InputValue[] | undefined
}

/** `inputs.x`, `!inputs.x`, `fact.x`, `!fact.x`, `fact.x.y`, `!fact.x.y`. */
export interface When {
  kind: 'input' | 'fact'
  name: string
  /** Of a fact: this field of it. It holds unless it is known to be false. */
  field?: string
  negated: boolean
}

/** One step of a runbook as written, after all checks. `step` is from the registry, or built from `run:`, `ssh:`, `manual:`. */
export interface RunbookStep {
  id: string
  uses: string
  title?: string
  with: Readonly<Record<string, unknown>>
  confirm: Confirm
  when?: When
  /** Steps with the same number run together; absent for a step that runs alone. */
  group?: number
  /** Makes the step once inputs are known: custom steps have inputs in their commands. */
  build(inputs: Inputs): AnyStep
}

export interface Runbook {
  file: string
  text: string
  name: string
  title: string
  description: string
  inputs: Readonly<Record<string, InputSpec>>
  steps: readonly RunbookStep[]
}

export interface RunbookSource {
  file: string
  text: string
}

/** One step of a plan, with everything that can be known without looking at the world. */
export interface PlanItem {
  id: string
  uses: string
  title: string
  effect: StepEffect
  /** Parsed by the step's own schema. */
  inputs: unknown
  reads: readonly string[]
  changes: readonly string[]
  confirm: Confirm
  /** Only a condition on a fact: one on an input is decided while planning. */
  when?: When
  /** Why this step will not run, when that is known already. */
  skip?: string
  group?: number
  step: AnyStep
}

/** A plain value, made without IO and without a clock; `runPlan` carries it out. */
export interface Plan {
  runbook: Runbook
  cluster: string
  etcdCluster: string
  inputs: Inputs
  /** The shapes of all facts, to check what steps give and what a journal gives back. */
  facts: FactSchemas
  items: readonly PlanItem[]
}
