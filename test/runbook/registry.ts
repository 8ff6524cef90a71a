import { z } from 'zod'
import type { AnyStep, Registry } from '../../src/engine/step.ts'

const make = (step: Partial<AnyStep> & { id: string }): AnyStep => ({
  title: `title of ${step.id}`,
  effect: 'read',
  needs: [],
  gives: [],
  inputs: z.strictObject({}),
  describe: () => ({ reads: [`reads of ${step.id}`], changes: step.effect ? [`changes of ${step.id}`] : [] }),
  act: async () => ({}),
  ...step,
})

const steps = [
  make({ id: 'find', gives: ['copies'] }),
  make({
    id: 'choose',
    needs: ['copies'],
    gives: ['copy'],
    inputs: z.strictObject({ copy: z.string().default('auto') }),
  }),
  make({ id: 'fetch', needs: ['copy'], gives: ['fetched'], effect: 'local' }),
  make({ id: 'publish', needs: ['fetched'], gives: ['backup'], effect: 'change' }),
  make({
    id: 'trigger',
    needs: ['backup'],
    gives: ['command'],
    effect: 'irreversible',
    happened: async () => undefined,
  }),
  make({
    id: 'restart',
    effect: 'change',
    inputs: z.strictObject({ batch: z.coerce.number().int().min(1).max(9).default(5) }),
  }),
]

const names = ['copies', 'copy', 'fetched', 'backup', 'command']

/** A small registry, so that these tests don't change with the product's steps. */
export const testRegistry: Registry = {
  steps: new Map(steps.map((step) => [step.id, step])),
  facts: Object.fromEntries(names.map((name) => [name, z.string()])),
}
