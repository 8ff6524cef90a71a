import { z } from 'zod'

const scalar = z.union([z.string(), z.number(), z.boolean()])
export const ID = /^[a-z0-9][a-z0-9-]{0,63}$/
const id = z.string().regex(ID, 'lower-case letters, digits and dashes')
const argv = z
  .array(z.union([z.string(), z.number()]).transform(String), 'a list of arguments: [kubectl, get, nodes]')
  .min(1, 'a list of at least one argument')
  .max(200)
const seconds = z.number().int().min(1).max(86_400)

/** What every step may carry. */
const common = {
  title: z.string().max(200).optional(),
  when: z.string().optional(),
  confirm: z.enum(['none', 'ask', 'type-cluster']).optional(),
}

export const builtIn = z.strictObject({
  id: id.optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
  ...common,
})
export const runStep = z.strictObject({
  id,
  run: argv,
  reads: z.boolean().optional(),
  timeout: seconds.optional(),
  ...common,
})
export const sshStep = z.strictObject({
  id,
  ssh: z.strictObject({
    on: z.union(
      [z.enum(['control-plane', 'workers', 'all']), z.array(z.string()).min(1)],
      'control-plane, workers, all, or a list of node names',
    ),
    command: argv,
    reads: z.boolean().optional(),
    sudo: z.boolean().optional(),
    timeout: seconds.optional(),
  }),
  ...common,
})
export const manualStep = z.strictObject({
  id,
  manual: z.string().min(1).max(4000),
  title: common.title,
  when: common.when,
})
export const together = z.strictObject({
  together: z
    .array(z.union([z.string(), builtIn], 'the id of a step, or { uses, id, with }'))
    .min(2, 'at least two steps')
    .max(10),
  when: common.when,
})

export const inputSpec = z.strictObject({
  description: z.string().max(500).optional(),
  default: scalar.optional(),
  choices: z.array(scalar).min(1).max(50).optional(),
})

/** The file without its steps, which are parsed each by its kind so that every problem is told in its own words. */
export const runbookFile = z.strictObject({
  apiVersion: z.literal('etcd-rescue/v1', 'etcd-rescue/v1'),
  name: id,
  title: z.string().max(200),
  description: z.string().max(10_000).default(''),
  inputs: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/), inputSpec).default({}),
  steps: z.array(z.unknown()).min(1, 'at least one step').max(200),
})

/** The key that tells the kind of a step, and its schema. */
export const kinds = { run: runStep, ssh: sshStep, manual: manualStep, together, uses: builtIn } as const
export type Kind = keyof typeof kinds
