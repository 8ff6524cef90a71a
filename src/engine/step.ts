import type { Readable, Writable } from 'node:stream'
import type { z } from 'zod'
import type { World } from '../ports/world.ts'
import type { LeftNode, StepEffect } from './events.ts'
import type { Condition } from './until.ts'

/** The names and shapes of what steps give to later steps. Each is a plain JSON value: it goes into the journal. */
export type FactSchemas = Record<string, z.ZodType>
export type FactsOf<S extends FactSchemas> = { [K in keyof S]: z.infer<S[K]> }

/** Everything a step has in hand while it runs. */
export interface StepContext<Needs, Inputs> {
  readonly world: World
  readonly runId: string
  readonly inputs: Inputs
  /** Facts from earlier steps, checked against their schemas, also when they come out of a journal. */
  readonly needs: Needs
  /**
   * A decision that must be the same after a crash (a name, a time): made once, flushed to the journal before it is
   * returned, and read from there when the step runs again.
   */
  once<T>(key: string, make: () => T | Promise<T>): Promise<T>
  /** What `once` has remembered under this key, in this run or the attempt before a crash; undefined if nothing. */
  recall(key: string): unknown
  /** The run goes on without this node: told now, and at its end, with what is to be typed. */
  leave(left: LeftNode): Promise<void>
  /** What this run has left so far. */
  readonly left: readonly LeftNode[]
  /** One line for the operator. */
  note(line: string): void
  table(columns: string[], rows: string[][]): void
  progress(label: string, done: number, total?: number, unit?: 'bytes' | 'keys' | 'items'): void
  /** Waits for a named condition with a deadline; see `until.ts`. */
  until<T>(condition: Condition<T>): Promise<T>
  /** Fires at the second Ctrl-C; conditions and transfers also end at the first. */
  readonly signal: AbortSignal
  /**
   * Only for steps that run `together`: the bytes of the step before while it still runs (else undefined: read its
   * file), and where to write one's own for the step after. `settled` resolves to all needs once they are there.
   */
  readonly incoming?: Readable
  readonly outgoing?: Writable
  readonly settled: Promise<Needs>
}

/** What `plan` prints of a step; made without IO. */
export interface StepDescription {
  reads: string[]
  changes: string[]
}

/**
 * check → act → verify (→ undo). Only `act` is required.
 *
 * - `check` only reads and throws a `RescueError` when the step must not begin. It also runs in a dry run.
 * - `happened` looks at the world to find out whether an earlier attempt had already acted, and then gives its facts;
 *   asked only when an earlier attempt was started and not finished. Required for `irreversible` steps.
 * - `act` gives the facts named in `gives`.
 * - `verify` throws when the world is not as `act` should have left it.
 * - `undo` takes back what `act` did; absent where nothing was changed or it can't be taken back.
 */
export interface Step<Needs = never, Gives = unknown, Inputs = never> {
  readonly id: string
  readonly title: string
  readonly effect: StepEffect
  readonly needs: readonly string[]
  /** Facts that it has among its needs where somebody gave them, and does without: those of an older journal are not there. */
  readonly uses?: readonly string[]
  readonly gives: readonly string[]
  readonly inputs: z.ZodType<Inputs>
  /** Once it is done the run has reached what it was for: nothing before it is taken back any more. */
  readonly settles?: true
  /** What stays in force after this step until another one ends it; `next`, of the run's id, is told when it ends in between. */
  readonly standing?: {
    until: string
    next(run: string): string
    /** Looks whether it still stands, and puts it back: before each change and in each wait of the steps in between. */
    keep?(context: StepContext<Needs, Inputs>): Promise<void>
  }
  /** What is left to do by hand once it is done, of all that is known at the run's end: what to type, a line each. */
  next?(facts: Record<string, unknown>, etcdCluster: string): string[]
  /** For `plan`. Must not need facts: it runs before anything was read. */
  describe(inputs: Inputs): StepDescription
  check?(context: StepContext<Needs, Inputs>): Promise<void>
  happened?(context: StepContext<Needs, Inputs>): Promise<Gives | undefined>
  /** Whether the world is as `act` would leave it: then nobody is asked to agree to it. Only reads. */
  isSo?(context: StepContext<Needs, Inputs>): Promise<boolean>
  act(context: StepContext<Needs, Inputs>): Promise<Gives>
  verify?(context: StepContext<Needs, Inputs>, gives: Gives): Promise<void>
  undo?(context: StepContext<Needs, Inputs>, gives: Gives | undefined): Promise<void>
}

/** A step with its types erased, as registry and engine hold it. The engine checks facts and inputs by schema. */
// biome-ignore lint/suspicious/noExplicitAny: a registry of differently typed steps has no common type but this
export type AnyStep = Step<any, any, any>

/** All steps and the shapes of their facts. */
export interface Registry {
  readonly steps: ReadonlyMap<string, AnyStep>
  readonly facts: FactSchemas
}
