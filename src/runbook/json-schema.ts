import { z } from 'zod'
import type { Registry } from '../engine/step.ts'
import { kinds, runbookFile } from './schema.ts'

type Json = Record<string, unknown>

/** The JSON Schema of runbooks for editors, with the steps of the registry and what each takes in `with:`. */
export function runbookJsonSchema(registry: Registry): Json {
  const file = toJson(runbookFile)
  const ids = [...registry.steps.keys()]
  const own = (['run', 'ssh', 'manual'] as const).map((kind) => toJson(kinds[kind]))
  const builtIns = [...registry.steps.values()].map((step) => builtInSchema(step.id, step.title, step.inputs))
  const renamed = { ...toJson(kinds.uses), required: ['id', 'uses'] }
  const together = toJson(kinds.together)
  const properties = file.properties as Record<string, Json>
  const members = { anyOf: [{ enum: ids }, ...builtIns] }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'etcd-rescue runbook',
    ...file,
    properties: {
      ...properties,
      steps: {
        ...properties.steps,
        items: { anyOf: [...builtIns, withIds(renamed, ids), ...own, groupSchema(together, members)] },
      },
    },
  }
}

function builtInSchema(id: string, title: string, inputs: z.ZodType): Json {
  const base = toJson(kinds.uses)
  const one = { const: id, description: title }
  return {
    ...base,
    properties: { ...(base.properties as Json), id: one, uses: one, with: toJson(inputs) },
    anyOf: [{ required: ['id'] }, { required: ['uses'] }],
  }
}

const withIds = (schema: Json, ids: string[]): Json => ({
  ...schema,
  properties: { ...(schema.properties as Json), uses: { enum: ids } },
})

function groupSchema(schema: Json, members: Json): Json {
  const properties = schema.properties as Record<string, Json>
  return { ...schema, properties: { ...properties, together: { ...properties.together, items: members } } }
}

function toJson(schema: z.ZodType): Json {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
  return rest
}
