import type { z } from 'zod'
import { fromZod, type Path, type Problem } from './problems.ts'
import { type builtIn, type Kind, kinds, type manualStep, type runStep, type sshStep, type together } from './schema.ts'

export type Written =
  | { kind: 'uses'; value: z.infer<typeof builtIn> }
  | { kind: 'run'; value: z.infer<typeof runStep> }
  | { kind: 'ssh'; value: z.infer<typeof sshStep> }
  | { kind: 'manual'; value: z.infer<typeof manualStep> }

/** One step as written, flat: members of a group follow each other and carry its number. */
export type Entry = Written & { path: Path; group?: number; when?: string | undefined }

/** Parses each step by its kind. A step that can't be parsed gives its problems and no entry. */
export function parseEntries(raw: readonly unknown[]): { entries: Entry[]; problems: Problem[]; broken: string[] } {
  const out = { entries: [] as Entry[], problems: [] as Problem[], broken: [] as string[] }
  for (const [index, value] of raw.entries()) {
    const path: Path = ['steps', index]
    const kind = kindOf(value)
    const problem = kind === undefined ? notOne(value, path) : undefined
    if (kind === undefined || problem) {
      out.problems.push(...(problem ? [problem] : []))
      continue
    }
    const parsed = kinds[kind].safeParse(value, { reportInput: true })
    if (parsed.success) out.entries.push(...toEntries(kind, parsed.data, path, index))
    else {
      out.problems.push(...fromZod(parsed.error, kinds[kind], path))
      out.broken.push(...namesIn(value))
    }
  }
  return out
}

function kindOf(value: unknown): Kind | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const given = (['run', 'ssh', 'manual', 'together'] as const).filter((key) => key in value)
  if (given.length > 1 || (given.length === 1 && 'uses' in value)) return undefined
  return given[0] ?? 'uses'
}

function notOne(value: unknown, path: Path): Problem {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject
    ? { path, message: 'a step is one thing only', wayOut: 'keep one of uses, run, ssh, manual, together' }
    : { path, message: 'a step is a map', wayOut: 'write it as: - id: name-of-the-step' }
}

function toEntries(kind: Kind, data: unknown, path: Path, group: number): Entry[] {
  if (kind !== 'together') {
    const written = { kind, value: data } as Written
    return [{ ...written, path, when: written.value.when }]
  }
  const { together: members, when } = data as z.infer<typeof together>
  return members.map((member, index) => ({
    kind: 'uses',
    value: typeof member === 'string' ? { id: member } : member,
    path: [...path, 'together', index],
    group,
    when,
  }))
}

/** The steps that a broken entry means, so that one typing error is not told as many. */
function namesIn(value: unknown): string[] {
  const { id, uses, together: members } = value as Record<string, unknown>
  const all = Array.isArray(members) ? members : [uses ?? id]
  return all.filter((name) => typeof name === 'string')
}
