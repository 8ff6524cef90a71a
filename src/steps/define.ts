import { z } from 'zod'
import type { StepEffect } from '../engine/events.ts'
import type { AnyStep, StepContext, StepDescription } from '../engine/step.ts'
import type { FactName, Facts } from './facts.ts'

/** The names of `T`, each once, in any order: a list that leaves one out, or names another, does not compile. */
type Names<T extends string, One extends T = T> = [T] extends [never]
  ? readonly []
  : One extends T
    ? readonly [One, ...Names<Exclude<T, One>>]
    : never

/** A list that may be left out where it names nothing. */
type Named<Key extends string, T extends string> = [T] extends [never]
  ? { [K in Key]?: Names<T> }
  : { [K in Key]: Names<T> }

type Definition<N extends FactName, G extends FactName, I, U extends FactName> = Body<N, G, I, U> &
  Named<'needs', N> &
  Named<'gives', G> &
  Named<'uses', U>

interface Body<N extends FactName, G extends FactName, I, U extends FactName> {
  id: string
  title: string
  effect: StepEffect
  inputs?: z.ZodType<I>
  settles?: true
  standing?: { until: string; next(run: string): string; keep?(context: StepContext<unknown, unknown>): Promise<void> }
  next?(facts: Partial<Facts>, etcdCluster: string): string[]
  describe(inputs: I): StepDescription
  check?(context: Context<N, I, U>): Promise<void>
  happened?(context: Context<N, I, U>): Promise<Pick<Facts, G> | undefined>
  isSo?(context: Context<N, I, U>): Promise<boolean>
  act(context: Context<N, I, U>): Promise<Pick<Facts, G>>
  verify?(context: Context<N, I, U>, gives: Pick<Facts, G>): Promise<void>
  undo?(context: Context<N, I, U>, gives: Pick<Facts, G> | undefined): Promise<void>
}

/** `U`: facts that are there only where somebody gave them. */
export type Context<N extends FactName, I = Record<string, never>, U extends FactName = never> = StepContext<
  Pick<Facts, N> & Partial<Pick<Facts, U>>,
  I
>

/** Defines a step whose needs, uses and gives are checked by the compiler against the table of facts. */
export function defineStep<
  N extends FactName = never,
  G extends FactName = never,
  I = Record<string, never>,
  U extends FactName = never,
>(definition: Definition<N, G, I, U>): AnyStep {
  // the names are checked by now: from here on they are lists of words
  const body: Body<N, G, I, U> = definition
  const { needs = [], gives = [], uses } = definition as unknown as Lists
  return { ...body, needs, gives, ...(uses === undefined ? {} : { uses }), inputs: body.inputs ?? z.strictObject({}) }
}

type Lists = { [K in 'needs' | 'gives' | 'uses']?: readonly FactName[] }
