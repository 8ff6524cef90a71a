import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { nearest } from '../errors/nearest.ts'
import { RescueError } from '../errors/rescue-error.ts'

import { isPlaceholder } from './example.ts'
import { type ConfigFile, configFileSchema, configJsonSchema } from './schema.ts'

interface Problem {
  offset: number
  message: string
}

/**
 * Reads the text of a config file. `CONFIG_INVALID` lists every problem at once, each as `file:line:column: message`.
 * An empty file is an empty config.
 */
export function parseConfig(text: string, file: string): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const broken = document.errors.map((error) => ({ offset: error.pos[0], message: error.message }))
  if (broken.length > 0) throw invalid(broken, file, lines)
  const parsed = configFileSchema.safeParse(toValue(document, file, lines) ?? {}, { reportInput: true })
  if (parsed.success) return parsed.data
  throw invalid(
    parsed.error.issues.flatMap((issue) => problemsOf(issue, document)),
    file,
    lines,
  )
}

/** Aliases are the one thing that is found out only here: too many, or of nothing. */
function toValue(document: Document, file: string, lines: LineCounter): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    const message = /excessive/i.test(said) ? 'the file has too many aliases: write the values out' : said
    throw invalid([{ offset: 0, message }], file, lines)
  }
}

function invalid(problems: Problem[], file: string, lines: LineCounter): RescueError {
  const sorted = [...problems].sort((a, b) => a.offset - b.offset)
  const text = sorted.map(({ offset, message }) => {
    const { line, col } = lines.linePos(offset)
    return `${file}:${line}:${col}: ${message}`
  })
  const count = `${sorted.length} problem${sorted.length === 1 ? '' : 's'}`
  return new RescueError('CONFIG_INVALID', `the configuration has ${count}\n${text.join('\n')}`, {
    hint: 'correct the file; what may be in it is printed by: etcd-rescue config schema',
  })
}

function problemsOf(issue: z.core.$ZodIssue, document: Document): Problem[] {
  if (issue.code !== 'unrecognized_keys') {
    return [{ offset: offsetOf(document, issue.path), message: `${dotted(issue.path)}: ${wordsOf(issue)}` }]
  }
  const known = keysAt(issue.path)
  return issue.keys.map((key) => {
    const meant = nearest(key, known)
    const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean "${meant}"?`
    return { offset: offsetOf(document, issue.path, key), message: `unknown key "${key}", ${hint}` }
  })
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (isPlaceholder(issue.input)) return `is still to be filled in: ${issue.input}`
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing'
  return issue.code === 'invalid_format' || issue.code === 'custom' ? `expected ${issue.message}` : issue.message
}

const dotted = (path: readonly PropertyKey[]) => (path.length === 0 ? 'the file' : path.map(String).join('.'))

/** Where a value stands, or a key of a map, or the nearest parent that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[], key?: string): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (!isNode(node)) continue
    const pair = key !== undefined && isMap(node) ? node.items.find((item) => String(item.key) === key) : undefined
    return (isNode(pair?.key) ? pair.key.range?.[0] : node.range?.[0]) ?? 0
  }
  return 0
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>
  items?: JsonSchema
  additionalProperties?: JsonSchema | boolean
  anyOf?: JsonSchema[]
}

/** The keys that the schema knows at a path. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let at: JsonSchema | undefined = configJsonSchema() as JsonSchema
  for (const part of path) {
    const more: JsonSchema | boolean | undefined =
      at?.properties?.[String(part)] ?? at?.items ?? at?.additionalProperties
    at = typeof more === 'object' ? (more.anyOf?.find((option) => option.properties) ?? more) : undefined
  }
  return Object.keys(at?.properties ?? {})
}
