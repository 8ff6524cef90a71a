import { z } from 'zod'
import type { AnyStep } from '../engine/step.ts'
import type { Entry } from './entries.ts'
import { defaultsOf, type RuleInput, stepOf } from './entry.ts'
import { referencesIn, resolve } from './expressions.ts'
import { fromZod, type Problem } from './problems.ts'

/** Checks `with:` against the step's own schema. A value that hangs on an input without a default is checked at planning. */
export function withProblems(entry: Entry, { inputs, registry }: RuleInput): Problem[] {
  const step = stepOf(entry, registry)
  if (!step || entry.kind !== 'uses') return []
  const given = entry.value.with ?? {}
  const open = new Set(
    Object.keys(given).filter((key) =>
      referencesIn(given[key]).inputs.some((name) => inputs[name]?.default === undefined),
    ),
  )
  const parsed = step.inputs.safeParse(resolve(given, defaultsOf(inputs)), { reportInput: true })
  if (parsed.success) return []
  const at = entry.value.with === undefined ? entry.path : [...entry.path, 'with']
  return fromZod(parsed.error, schemaOf(step), at).filter(({ path }) => !open.has(String(path[at.length])))
}

const schemaOf = (step: AnyStep): z.ZodType => (step.inputs instanceof z.ZodType ? step.inputs : z.unknown())
