import { type Document, isMap, isNode, type LineCounter } from 'yaml'
import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { shellWord } from '../shell/quote.ts'
import { didYouMean } from './nearest.ts'

export type Path = readonly PropertyKey[]

/** One thing that is wrong in a runbook, with what to do about it. */
export interface Problem {
  path: Path
  /** Points at this key of the map at `path` and not at the map. */
  key?: string
  message: string
  wayOut: string
}

export interface PlacedProblem {
  file: string
  line: number
  column: number
  message: string
  wayOut: string
}

/** Problems in the order of the file. */
export function place(problems: Problem[], document: Document, lines: LineCounter, file: string): PlacedProblem[] {
  const seen = new Set<string>()
  return problems
    .map((problem) => ({ ...problem, offset: offsetOf(document, problem.path, problem.key) }))
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message, wayOut }) => {
      const { line, col } = lines.linePos(offset)
      return { file, line: Math.max(line, 1), column: Math.max(col, 1), message, wayOut }
    })
    .filter(({ line, column, message }) => {
      // Members of a group share their condition, and so what is wrong with it.
      const same = `${line}:${column}: ${message}`
      return !seen.has(same) && seen.add(same)
    })
}

/** `RUNBOOK_INVALID` with every problem on a line of its own. */
export function invalidRunbook(file: string, problems: readonly PlacedProblem[]): RescueError {
  const lines = problems.map(
    ({ file, line, column, message, wayOut }) => `${file}:${line}:${column}: ${message} (${wayOut})`,
  )
  const count = `${problems.length} problem${problems.length === 1 ? '' : 's'}`
  return new RescueError('RUNBOOK_INVALID', `${file} has ${count}\n${lines.join('\n')}`, {
    hint: `correct the file, then type: etcd-rescue runbooks validate ${shellWord(file)}`,
  })
}

/** What zod found, in our words. `at` is where the parsed value stands in the file. */
export function fromZod(error: z.ZodError, schema: z.ZodType, at: Path = []): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = [...at, ...issue.path]
    if (issue.code === 'unrecognized_keys') {
      const known = keysAt(schema, issue.path)
      return issue.keys.map((key) => ({
        path,
        key,
        message: `unknown key ${JSON.stringify(key)}`,
        wayOut: didYouMean(key, known),
      }))
    }
    const name = String(path.at(-1) ?? 'the file')
    if (issue.code === 'invalid_type' && issue.input === undefined) {
      return [{ path: path.slice(0, -1), message: `${JSON.stringify(name)} is missing`, wayOut: `add ${name}:` }]
    }
    return [{ path, message: `${where(path)} is not right`, wayOut: `expected: ${issue.message}` }]
  })
}

const where = (path: Path) => (path.length === 0 ? 'the file' : path.map(String).join('.'))

/** The keys that a schema knows at a path. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let at: unknown = schema
  for (const part of path) at = inner(unwrap(at), part)
  const object = unwrap(at)
  return object instanceof z.ZodObject ? Object.keys(object.shape) : []
}

function inner(schema: unknown, part: PropertyKey): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[String(part)]
  if (schema instanceof z.ZodArray) return schema.element
  if (schema instanceof z.ZodRecord) return schema.valueType
  return undefined
}

function unwrap(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.unwrap())
  if (schema instanceof z.ZodUnion) return schema.options.map(unwrap).find((one) => one instanceof z.ZodObject)
  return schema
}

/** Where a value or a key stands, or the nearest parent that there is. */
function offsetOf(document: Document, path: Path, key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (!isNode(node)) continue
    const pair = key !== undefined && isMap(node) ? node.items.find((item) => String(item.key) === key) : undefined
    return (isNode(pair?.key) ? pair.key.range?.[0] : node.range?.[0]) ?? 0
  }
  return 0
}
