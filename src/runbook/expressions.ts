import type { Inputs, InputValue, When } from './types.ts'

const REFERENCE = /\$\{\{\s*(.*?)\s*\}\}/g
const INPUT = /^inputs\.([A-Za-z][A-Za-z0-9_-]*)$/
const WHEN = /^(!?)\s*(?:(inputs|fact)\.)?([A-Za-z][A-Za-z0-9_-]*)(?:\.([A-Za-z][A-Za-z0-9]*))?$/

/** The names in all `${{ inputs.x }}` of a value, and what stands in `${{ }}` and is nothing else than that. */
export function referencesIn(value: unknown): { inputs: string[]; wrong: string[] } {
  const found = { inputs: [] as string[], wrong: [] as string[] }
  for (const text of stringsIn(value)) {
    for (const [whole, inside = ''] of text.matchAll(REFERENCE)) {
      const name = INPUT.exec(inside)?.[1]
      if (name) found.inputs.push(name)
      else found.wrong.push(whole)
    }
    if (text.replace(REFERENCE, '').includes('${{')) found.wrong.push('${{')
  }
  return found
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsIn)
}

/** Puts inputs into all strings of a value. A string that is one reference and nothing else keeps the input's type. */
export function resolve(value: unknown, inputs: Inputs): unknown {
  if (typeof value === 'string') return resolveString(value, inputs)
  if (Array.isArray(value)) return value.map((item) => resolve(item, inputs))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, inputs)]))
}

function resolveString(text: string, inputs: Inputs): InputValue {
  const whole = /^\$\{\{\s*inputs\.([A-Za-z][A-Za-z0-9_-]*)\s*\}\}$/.exec(text)?.[1]
  if (whole !== undefined) return inputs[whole] ?? ''
  return text.replace(REFERENCE, (_, inside: string) => String(inputs[INPUT.exec(inside)?.[1] ?? ''] ?? ''))
}

/** Undefined when it is no condition. `x` alone is an input as well. */
export function parseWhen(text: string): When | undefined {
  const match = WHEN.exec(text.trim())
  if (!match?.[3]) return undefined
  const [, not, of, name, field] = match
  const kind = of === 'fact' ? 'fact' : 'input'
  // only facts have fields
  if (field !== undefined && kind === 'input') return undefined
  return { kind, name, ...(field === undefined ? {} : { field }), negated: not === '!' }
}

export function showWhen({ kind, name, field, negated }: When): string {
  return `${negated ? '!' : ''}${kind === 'fact' ? 'fact' : 'inputs'}.${name}${field === undefined ? '' : `.${field}`}`
}

/** Whether a condition on a fact holds. A field that nobody told is not false: what is not known counts as true. */
export function factHolds({ name, field, negated }: When, facts: Readonly<Record<string, unknown>>): boolean {
  const fact = facts[name]
  const holds = field === undefined ? name in facts : !isFalse(fact, field)
  return holds !== negated
}

const isFalse = (fact: unknown, field: string): boolean =>
  typeof fact === 'object' && fact !== null && (fact as Record<string, unknown>)[field] === false

const NO = new Set(['', '0', 'false', 'no', 'off'])

/** Inputs come from a command line: `no`, `false`, `off`, `0` and nothing are false. */
export function isTrue(value: InputValue | undefined): boolean {
  return value !== undefined && !NO.has(String(value).toLowerCase())
}
