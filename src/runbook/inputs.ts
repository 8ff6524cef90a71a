import { RescueError } from '../errors/rescue-error.ts'
import { shellWord } from '../shell/quote.ts'
import { didYouMean } from './nearest.ts'
import type { InputSpec, Inputs, InputValue, Runbook } from './types.ts'

/** Inputs as typed, with the defaults of the runbook. Throws `USAGE` with all that is wrong. */
export function parseInputs({ name, inputs }: Runbook, given: Readonly<Record<string, unknown>>): Inputs {
  const problems = Object.keys(given)
    .filter((key) => !(key in inputs))
    .map((key) => `unknown input ${JSON.stringify(key)}, ${didYouMean(key, Object.keys(inputs))}`)
  const values = Object.entries(inputs).flatMap(([key, spec]) => {
    const value = parseInput(given[key], spec)
    if (!('problem' in value)) return [[key, value.value] as const]
    problems.push(`${key} ${value.problem}`)
    return []
  })
  if (problems.length === 0) return Object.fromEntries(values)
  throw new RescueError('USAGE', `the inputs of ${name} are not right: ${problems.join('; ')}`, {
    hint: `give inputs with --set NAME=VALUE; what there is: etcd-rescue runbooks show ${shellWord(name)}`,
  })
}

type Parsed = { value: InputValue } | { problem: string }

function parseInput(given: unknown, spec: InputSpec): Parsed {
  if (given === undefined) return spec.default === undefined ? { problem: 'is missing' } : { value: spec.default }
  const parsed = ofType(String(given), typeof spec.default)
  if ('problem' in parsed || spec.choices === undefined || spec.choices.includes(parsed.value)) return parsed
  return { problem: `is ${JSON.stringify(parsed.value)} and must be one of ${spec.choices.join(', ')}` }
}

function ofType(text: string, type: string): Parsed {
  if (type === 'number')
    return text.trim() !== '' && Number.isFinite(Number(text))
      ? { value: Number(text) }
      : { problem: `is ${JSON.stringify(text)} and must be a number` }
  if (type !== 'boolean') return { value: text }
  if (/^(true|yes|on|1)$/i.test(text)) return { value: true }
  return /^(false|no|off|0)$/i.test(text)
    ? { value: false }
    : { problem: `is ${JSON.stringify(text)} and must be true or false` }
}
