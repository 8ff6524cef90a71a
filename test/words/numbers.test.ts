import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bytes, count, many, minute } from '../../src/words/numbers.ts'

test('a number has one form, and one of a thing is no plural', () => {
  expect(count(1_234_567)).toBe('1,234,567')
  expect([0, 1, 2678].map((value) => many(value, 'write'))).toEqual(['0 writes', '1 write', '2,678 writes'])
  expect([1, 2].map((value) => many(value, 'entry', 'entries'))).toEqual(['1 entry', '2 entries'])
  expect([-1, 0, 16_801_792].map(bytes)).toEqual(['0 B', '0 B', '16.8 MB'])
  expect([0, '2024-03-21T13:02:05Z'].map(minute)).toEqual(['1970-01-01 00:00', '2024-03-21 13:02'])
})

/** What is told, without the remarks of the code. */
function told(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
  return text.split('\n').map((line) => line.replace(/^\s*\/\/.*|\s\/\/ .*/, ''))
}

const src = join(import.meta.dirname, '../../src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !/^(lab|words)\//.test(file),
)

test.each([
  [
    'a revision that is told goes through count',
    /\brevision \$\{(?!count\(|[\w.]+ === undefined \?|typeof )/,
    'steps/',
  ],
  ['no size is told in MiB or GiB', /[\d}] ?[MGK]iB\b/, ''],
  ['no number is put in form elsewhere', /toLocaleString\(/, ''],
])('%s', (_, wrong, below) => {
  const found = files
    .filter((file) => file.startsWith(below))
    .flatMap((file) => told(join(src, file)).flatMap((line) => (wrong.test(line) ? [`${file}: ${line.trim()}`] : [])))
  expect(files.length).toBeGreaterThan(100)
  expect(found).toEqual([])
})
