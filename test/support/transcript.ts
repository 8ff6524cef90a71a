import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'

const DIR = join(import.meta.dirname, '../../docs/transcripts')

/**
 * Holds what was seen against `docs/transcripts/<name>.txt`: the same steps, questions and heads in the same order, whatever
 * the machine's speed, ids and numbers. With `TRANSCRIPTS=write` the file is made anew.
 */
export function holdTranscript(name: string, rows: readonly string[], secrets: ReadonlyMap<string, string>): void {
  const file = join(DIR, `${name}.txt`)
  const text = `${settled(rows.join('\n'), secrets).trim()}\n`
  if (process.env.TRANSCRIPTS === 'write') writeFileSync(file, text)
  expect(skeleton(text)).toEqual(skeleton(readFileSync(file, 'utf8')))
}

/** What differs from run to run in its own form, but always the same: `secrets` are this machine's words for it. */
function settled(text: string, secrets: ReadonlyMap<string, string>): string {
  const tokens = new Map<string, string>()
  const tokenOf = (token: string) => {
    const name = tokens.get(token) ?? `${'ABCDEFGH'[tokens.size] ?? 'Z'}oken-of-this-cluster-x`.slice(0, 22)
    tokens.set(token, name)
    return name
  }
  const plain = [...secrets].reduce((all, [secret, word]) => all.replaceAll(secret, word), text)
  return plain
    .replace(/[^ \n]*er-(fail|kill)-[A-Za-z0-9]{6}/g, '/work')
    .replace(/\d{8}T\d{6}Z-[a-z0-9]{6}/g, '20261130T120000Z-abcdef')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ-\d{6}/g, '2026-11-30T12:00:00Z-000001')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-11-30 12:00')
    .replace(/\b[0-9a-f]{13}\b/g, '0123456789abc')
    .replace(/\bcluster [0-9a-f]{14,16}\b/g, 'cluster 0123456789abcdef')
    .replace(/(?<=[:/ ])[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])/g, (token) => (/[A-Z]/.test(token) ? tokenOf(token) : token))
}

/** Steps as they end, questions and what was answered, and the heads of the last screen. */
function skeleton(text: string): string[] {
  return text
    .split('\n')
    .filter((line) =>
      /^[✔✘–?!] |^(ok|skipped|Done|Stopped|Not done|Changed|Next|recovered|run|Error|Code:|Try:)\b/.test(line),
    )
    .map((line) =>
      line
        .replace(/[\d,.]+ (s|min|h)\b/g, 'N')
        .replace(/(N )+/g, 'N ')
        .replace(/\d[\d,.]*/g, 'N'),
    )
    .map((line) =>
      line
        .replace(/ {2,}/g, ' ')
        .replace(/( N)+$/g, ' N')
        .replace(/^(Done|Stopped).*/, '$1')
        // which member is best, and how long a number is, moves what comes behind
        .replace(/\b[abc]:.*/, 'COPY')
        .slice(0, 40)
        .trim(),
    )
}
