import { type Document, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import type { AnyStep, Registry } from '../engine/step.ts'
import { customStep } from './custom-steps.ts'
import { type Entry, parseEntries } from './entries.ts'
import { confirmOf, idOf, stepOf, usesOf } from './entry.ts'
import { parseWhen } from './expressions.ts'
import { flowProblems } from './flow.ts'
import { fromZod, invalidRunbook, type PlacedProblem, type Problem, place } from './problems.ts'
import { stepProblems } from './rules.ts'
import { inputSpec, runbookFile } from './schema.ts'
import type { Inputs, Runbook, RunbookSource, RunbookStep } from './types.ts'

const MOST_CHARACTERS = 256 * 1024
const MOST_ALIASES = 50

/** Either a runbook or its problems, in the order of the file. */
export type Checked = { runbook: Runbook; problems: [] } | { runbook?: undefined; problems: PlacedProblem[] }

/** Reads a runbook. Throws `RUNBOOK_INVALID` with all its problems, each `file:line:column: message (way out)`. */
export function loadRunbook(source: RunbookSource, registry: Registry): Runbook {
  const { runbook, problems } = checkRunbook(source, registry)
  if (runbook) return runbook
  throw invalidRunbook(source.file, problems)
}

/** The same without throwing, for `runbooks validate`. */
export function checkRunbook({ file, text }: RunbookSource, registry: Registry): Checked {
  const lines = new LineCounter()
  if (text.length > MOST_CHARACTERS) return { problems: [tooLong(file)] }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const done = (problems: Problem[]): Checked => ({ problems: place(problems, document, lines, file) })
  if (document.errors.length > 0) return { problems: syntaxProblems(document, lines, file) }
  const raw = toValue(document)
  if (!raw.ok) return done([{ path: [], message: raw.message, wayOut: 'write the values out' }])
  const parsed = runbookFile.safeParse(raw.value, { reportInput: true })
  const header = parsed.success ? [] : fromZod(parsed.error, runbookFile)
  const { entries, problems, broken } = parseEntries(stepsOf(raw.value))
  // The rules are told also when the header is wrong: all problems at once.
  const inputs = parsed.success ? parsed.data.inputs : inputsOf(raw.value)
  const input = { entries, inputs, registry }
  const all = [...header, ...problems, ...inputProblems(inputs), ...stepProblems(input), ...flowProblems(input, broken)]
  if (all.length > 0 || !parsed.success) return done(all)
  return { runbook: toRunbook(file, text, parsed.data, entries, registry), problems: [] }
}

/** Aliases are the one thing that is found out only here: too many, or of nothing. */
function toValue(document: Document): { ok: true; value: unknown } | { ok: false; message: string } {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {} }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return { ok: false, message: /excessive/i.test(said) ? 'the file has too many aliases' : said }
  }
}

function stepsOf(raw: unknown): unknown[] {
  const steps = (raw as { steps?: unknown }).steps
  return Array.isArray(steps) ? steps : []
}

/** Each input that can be read, also beside others that can't: its name must not be told as unknown. */
function inputsOf(raw: unknown): Runbook['inputs'] {
  const { inputs } = raw as { inputs?: unknown }
  if (typeof inputs !== 'object' || inputs === null) return {}
  return Object.fromEntries(
    Object.entries(inputs).map(([name, spec]) => [name, inputSpec.loose().safeParse(spec).data ?? {}]),
  )
}

function inputProblems(inputs: Runbook['inputs']): Problem[] {
  return Object.entries(inputs).flatMap(([name, spec]) => {
    if (spec.choices === undefined || spec.default === undefined || spec.choices.includes(spec.default)) return []
    const wayOut = `one of: ${spec.choices.join(', ')}`
    return [{ path: ['inputs', name, 'default'], message: `the default of ${name} is none of its choices`, wayOut }]
  })
}

function syntaxProblems(document: Document, lines: LineCounter, file: string): PlacedProblem[] {
  return document.errors.slice(0, 20).map((error) => {
    const { line, col } = lines.linePos(error.pos[0])
    return { file, line, column: col, message: error.message, wayOut: 'correct the YAML' }
  })
}

function tooLong(file: string): PlacedProblem {
  const message = `the file has more than ${MOST_CHARACTERS} characters`
  return { file, line: 1, column: 1, message, wayOut: 'a runbook is a list of steps; keep data elsewhere' }
}

function toRunbook(
  file: string,
  text: string,
  { name, title, description, inputs }: z.infer<typeof runbookFile>,
  entries: Entry[],
  registry: Registry,
): Runbook {
  return { file, text, name, title, description, inputs, steps: entries.map((entry) => toStep(entry, registry)) }
}

function toStep(entry: Entry, registry: Registry): RunbookStep {
  const step = stepOf(entry, registry)
  const when = entry.when === undefined ? undefined : parseWhen(entry.when)
  return {
    id: idOf(entry),
    uses: entry.kind === 'uses' ? usesOf(entry) : entry.kind,
    with: (entry.kind === 'uses' && entry.value.with) || {},
    confirm: confirmOf(entry, step),
    build: (inputs) => build(entry, step, inputs),
    ...(entry.value.title === undefined ? {} : { title: entry.value.title }),
    ...(when === undefined ? {} : { when }),
    ...(entry.group === undefined ? {} : { group: entry.group }),
  }
}

function build(entry: Entry, step: AnyStep | undefined, inputs: Inputs): AnyStep {
  if (entry.kind !== 'uses') return customStep(entry, inputs)
  if (!step) throw new Error(`no step ${idOf(entry)}`) // the rules refused it before
  return step
}
