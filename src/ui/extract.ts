import { shellWord } from '../shell/quote.ts'
import { count, many } from '../words/numbers.ts'

/** What `extract --json` prints. */
export interface ExtractValue {
  source: string
  /** Objects that were written. */
  written: number
  /** The file they are in; absent when they went to stdout. */
  output?: string
  /** With `--json` and no file: as `kubectl apply` takes them. */
  objects?: Record<string, unknown>[]
  /** Objects that this tool cannot give back one by one, by kind: they come back whole with `recover`. */
  leftOut: Record<string, number>
  /** Secrets that matched and were not asked for by `--include-secrets`. */
  secretsLeftOut: number
  /** Encrypted at rest, by provider and key name. */
  encrypted: Record<string, number>
  /** Objects with fields that this tool does not know, which are not in what was written. */
  incomplete: number
  notes: string[]
}

/** What was done, beside the objects themselves. */
export function extractLines(value: ExtractValue): string[] {
  const { source, written, output, leftOut, secretsLeftOut, encrypted, incomplete, notes } = value
  const where = output === undefined ? '' : ` to ${output} (readable by you alone)`
  const kinds = Object.entries(leftOut).map(([kind, objects]) => `${count(objects)} ${kind}`)
  return [
    `${many(written, 'object')} of ${source} written${where}`,
    ...(output !== undefined && written > 0 ? [`Next: kubectl apply --dry-run=server -f ${shellWord(output)}`] : []),
    ...(secretsLeftOut > 0 ? [`left out: ${count(secretsLeftOut)} Secrets; --include-secrets takes them too`] : []),
    ...Object.entries(encrypted).map(
      ([how, objects]) =>
        `left out: ${many(objects, 'object')} encrypted at rest (${how}); an API server with that key can read them`,
    ),
    ...(kinds.length > 0
      ? [`left out: ${kinds.join(', ')}: not decoded one by one; recover brings them back whole`]
      : []),
    ...(incomplete > 0
      ? [`with fields of a newer Kubernetes, which are not in there: ${many(incomplete, 'object')}`]
      : []),
    ...notes.map((note) => `note: ${note}`),
  ]
}
