import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { checkRunbook, loadRunbook } from '../../src/runbook/index.ts'
import { testRegistry } from './registry.ts'

const head = 'apiVersion: etcd-rescue/v1\nname: t\ntitle: T\n'
const problemsOf = (text: string) =>
  checkRunbook({ file: 't.yaml', text }, testRegistry).problems.map(
    ({ line, column, message, wayOut }) => `${line}:${column}: ${message} (${wayOut})`,
  )

test('tells all problems of a bad runbook at once, each with its place and its way out', async () => {
  const text = readFileSync(new URL('bad.yaml', import.meta.url), 'utf8')
  const load = () => loadRunbook({ file: 'bad.yaml', text }, testRegistry)
  expect(load).toThrow(RescueError)
  const error = caught(load)
  expect(error.code).toBe('RUNBOOK_INVALID')
  expect(error.exitCode).toBe(10)
  await expect(`${error.message}\n`).toMatchFileSnapshot('../golden/bad-runbook.txt')
})

test('loads a good runbook with its groups, conditions and confirmations', () => {
  const text = `${head}inputs: { quick: { default: false } }
steps:
  - id: find
  - id: choose
    with: { copy: a }
  - together: [fetch, publish]
  - id: trigger
  - uses: restart
    id: again
    when: inputs.quick
  - id: mine
    run: [ls]
`
  const { steps } = loadRunbook({ file: 't.yaml', text }, testRegistry)
  expect(steps.map(({ id, uses, confirm, group }) => [id, uses, confirm, group])).toEqual([
    ['find', 'find', 'none', undefined],
    ['choose', 'choose', 'none', undefined],
    ['fetch', 'fetch', 'none', 2],
    ['publish', 'publish', 'none', 2],
    ['trigger', 'trigger', 'type-cluster', undefined],
    ['again', 'restart', 'none', undefined],
    ['mine', 'run', 'ask', undefined],
  ])
})

test('says which step gives a fact that is missing, and whether it comes later', () => {
  expect(problemsOf(`${head}steps:\n  - id: choose\n  - id: find\n  - id: publish\n`)).toEqual([
    '5:5: choose needs copies, which no earlier step gives (move find before choose)',
    '7:5: publish needs fetched, which no earlier step gives (add before it: - id: fetch)',
  ])
})

test('refuses a step that relies on a fact which is only given under a condition', () => {
  const inputs = 'inputs: { quick: { default: false } }\n'
  const conditional = `${head}${inputs}steps:\n  - id: find\n    when: inputs.quick\n`
  expect(problemsOf(`${conditional}  - id: choose\n`)).toEqual([
    '8:5: choose needs copies, which find gives only when inputs.quick (give choose the condition when: fact.copies)',
  ])
  expect(problemsOf(`${conditional}  - id: choose\n    when: fact.copies\n`)).toEqual([])
  expect(problemsOf(`${conditional}  - id: choose\n    when: inputs.quick\n`)).toEqual([])
})

test('points at broken YAML', () => {
  const [problem] = problemsOf(`${head}steps: [\n`)
  expect(problem).toMatch(/^5:1: .*\(correct the YAML\)$/)
})

test('bounds what it reads', () => {
  expect(problemsOf('#'.repeat(300_000))).toEqual([
    '1:1: the file has more than 262144 characters (a runbook is a list of steps; keep data elsewhere)',
  ])
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg'].map((pair) => [...pair] as [string, string])) {
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(', ')}]`)
  }
  expect(problemsOf(bomb.join('\n'))).toEqual(['1:1: the file has too many aliases (write the values out)'])
})

test('an empty file and a file that is no map have problems and do not throw', () => {
  expect(problemsOf('').length).toBeGreaterThan(0)
  expect(problemsOf('just text').length).toBeGreaterThan(0)
  expect(problemsOf('- a list').length).toBeGreaterThan(0)
})

function caught(body: () => unknown): RescueError {
  try {
    body()
  } catch (error) {
    if (error instanceof RescueError) return error
  }
  throw new Error('nothing was thrown')
}
