import { expect, it } from 'vitest'
import { toRescueResult } from '../../src/app/result.ts'
import type { RunResult } from '../../src/engine/index.ts'
import { runLines } from '../../src/ui/run-result.ts'
import { copyOf } from '../steps/support/step.ts'

const restored = {
  ...{ way: 'wal', dataDir: '/scratch/wal', minor: '3.5', version: '3.5.30', revision: 900, keys: 80 },
  wal: { revision: 900, keys: 80 },
  db: { failed: 'not asked for' },
}
const expected = { keys: 70, digest: 'd', revision: 850, dataDir: '/scratch/wal', minor: '3.5', dataBytes: 100 }
const generation = { token: 'old', clusterId: 'cc', size: 3, members: [], missing: ['a'] }

const resultOf = (facts: Record<string, unknown>, unverified: Record<string, unknown> = {}): RunResult => ({
  ...{ run: 'r', runbook: 'return-in-place', cluster: 'c', etcdCluster: 'main', status: 'succeeded', exitCode: 0 },
  ...{ steps: [], facts, unverified, unchanged: [], changed: [], left: [], next: [], undoable: [] },
})

it('the source is what the trial of the copy held, also where the last of it was not acknowledged', () => {
  const { source } = toRescueResult(resultOf({ copy: copyOf({ node: 'a' }), restored, expected, generation }))
  expect(source).toMatchObject({ node: 'a', revision: 900, keys: 80 })
})

it('where another member took the place of the odd copy, revision and keys are of that one', () => {
  const other = { ...expected, dataDir: '/scratch/members/b' }
  const facts = { copy: copyOf({ node: 'b', id: 'b:old' }), restored, expected: other, generation }
  expect(toRescueResult(resultOf(facts)).source).toMatchObject({ node: 'b', revision: 850, keys: 70 })
})

it('a trial through a backup is of the same copy', () => {
  const trial = { ...expected, dataDir: '/scratch/trial' }
  const { source } = toRescueResult(resultOf({ copy: copyOf(), restored, expected: trial }))
  expect(source).toMatchObject({ revision: 900, keys: 80 })
})

it('members that were not compared, or differ, are in the result and on the screen, also of a run that failed by it', () => {
  const verified = { keysExpected: 70, keysFound: 70, digestMatches: true, explained: {} }
  const members = [
    { node: 'a', is: 'same' },
    { node: 'b', is: 'unseen', why: 'silent' },
    { node: 'c', is: 'differs', why: '1 keys differ' },
  ]
  for (const result of [resultOf({ verified, members }), resultOf({}, { verified, members })]) {
    const value = toRescueResult(result)
    expect(value).toMatchObject({ verified, members })
    expect(runLines(value)).toEqual(
      expect.arrayContaining(['the member on b was not compared: silent', 'THE MEMBER ON c DIFFERS: 1 keys differ']),
    )
  }
})
