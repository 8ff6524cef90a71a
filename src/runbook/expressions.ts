import type { Inputs, InputValue, When } from './types.ts'

const REFERENCE = /\$\{\{\s*(.*?)\s*\}\}/g
const INPUT = /^inputs\.([A-Za-z][A-Za-z0-9_-]*)$/
const WHEN = /^(!?)\s*(?:(inputs|fact)\.)?([A-Za-z][A-Za-z0-9_-]*)$/

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
  return { kind: match[2] === 'fact' ? 'fact' : 'input', name: match[3], negated: match[1] === '!' }
}

export function showWhen({ kind, name, negated }: When): string {
  return `${negated ? '!' : ''}${kind === 'fact' ? 'fact' : 'inputs'}.${name}`
}

const NO = new Set(['', '0', 'false', 'no', 'off'])

/** Inputs come from a command line: `no`, `false`, `off`, `0` and nothing are false. */
export function isTrue(value: InputValue | undefined): boolean {
  return value !== undefined && !NO.has(String(value).toLowerCase())
}
