import { z } from 'zod'
import type { StepEffect } from '../engine/events.ts'
import type { AnyStep, StepContext, StepDescription } from '../engine/step.ts'
import type { FactName, Facts } from './facts.ts'

interface Definition<N extends FactName, G extends FactName, I> {
  id: string
  title: string
  effect: StepEffect
  needs?: readonly N[]
  gives?: readonly G[]
  inputs?: z.ZodType<I>
  settles?: true
  standing?: { until: string; next(run: string): string }
  describe(inputs: I): StepDescription
  check?(context: StepContext<Pick<Facts, N>, I>): Promise<void>
  happened?(context: StepContext<Pick<Facts, N>, I>): Promise<Pick<Facts, G> | undefined>
  act(context: StepContext<Pick<Facts, N>, I>): Promise<Pick<Facts, G>>
  verify?(context: StepContext<Pick<Facts, N>, I>, gives: Pick<Facts, G>): Promise<void>
  undo?(context: StepContext<Pick<Facts, N>, I>, gives: Pick<Facts, G> | undefined): Promise<void>
}

export type Context<N extends FactName, I = Record<string, never>> = StepContext<Pick<Facts, N>, I>

/** Defines a step whose needs and gives are checked by the compiler against the table of facts. */
export function defineStep<N extends FactName = never, G extends FactName = never, I = Record<string, never>>(
  definition: Definition<N, G, I>,
): AnyStep {
  return {
    ...definition,
    needs: definition.needs ?? [],
    gives: definition.gives ?? [],
    inputs: definition.inputs ?? z.strictObject({}),
  }
}
