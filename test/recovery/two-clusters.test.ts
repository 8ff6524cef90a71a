import { describe, expect, test } from 'vitest'
import type { RecoveryCopy } from '../../src/recovery/copies.ts'
import { isNearlyEmpty } from '../../src/steps/support/clusters.ts'
import { assessmentLines } from '../../src/ui/proposal.ts'
import { backup, emptyBackup, lost, propose, running } from './support.ts'

const members = ['9a', '9b', '9c']
const old = lost('a', { recordsKept: 12_500, keysKept: 12_000, at: '2023-09-01T10:00:00Z' })
/** Another cluster, of another token. */
const other = (keysKept: number, over: Partial<RecoveryCopy> = {}) =>
  lost('b', {
    id: 'b:two',
    token: 'two',
    clusterId: 'dd',
    members,
    memberId: '9b',
    keysKept,
    at: '2024-03-20T10:00:00Z',
    ...over,
  })

describe('two clusters that are not nearly empty', () => {
  test('are a question, with the times and sizes of both, whichever is larger', () => {
    const assessment = propose([...running, old, other(5800)])
    expect(assessment).toMatchObject({ need: 'unclear', hint: 'say which one is right: --copy a:old or --copy b:two' })
    const text = assessmentLines(assessment).join('\n')
    expect(text).toMatch(/a:old: about 12,000 keys, revision 5,001, trashed or last changed 2023-09-01 10:00 UTC/)
    expect(text).toMatch(/b:two: about 5,800 keys, .*2024-03-20 10:00 UTC/)
  })

  test('equally many, three of them, and one that is known by its backups alone', () => {
    expect(propose([...running, old, other(12_000)]).need).toBe('unclear')
    const third = other(3000, { id: 'c:three', node: 'c', token: 'three', clusterId: 'ee', members: ['7'] })
    expect(propose([...running, old, other(5800), third]).hint).toBe(
      'say which one is right: --copy a:old or --copy b:two or --copy c:three',
    )
    const stored = backup('2024-03-20T10:00:00Z-000001', { members, keysKept: 5800 })
    expect(propose([...running, old, stored])).toMatchObject({
      ...{ need: 'unclear', hint: 'say which one is right: --copy a:old or --backup 2024-03-20T10:00:00Z-000001' },
    })
  })

  test('one of which nothing can be read may be the right one', () => {
    const torn = other(0, { revision: undefined, keysKept: undefined, recordsKept: undefined })
    expect(propose([...running, old, torn])).toMatchObject({ need: 'unclear', hint: /--copy a:old or --copy b:two/ })
    // its own cluster's can be
    expect(propose([...running, old, lost('b', { revision: undefined })]).need).toBe('lost')
    // there is no byte in it
    expect(propose([...running, old, { ...torn, sizeBytes: 0, walBytes: 0 }]).need).toBe('lost')
  })

  test('what was deleted does not count', () => {
    expect(propose([...running, old, other(40, { recordsKept: 12_000 })]).need).toBe('lost')
    const emptied = { ...old, keysKept: 40 }
    expect(propose([...running, emptied, other(5800)]).best?.source?.id).toBe('b:two')
  })

  test('the one that runs is one of them', () => {
    const { need, why, hint } = propose([...running, old], { live: { keys: 5800, clusterId: 'ff', revision: 9000 } })
    expect({ need, hint }).toMatchObject({ need: 'unclear', hint: /name what replaces it: --copy a:old/ })
    expect(why).toMatch(/holds 5,800 keys, and the best copy is a:old \(about 12,000 keys, .*trashed 2023-09-01/)
  })

  test('one that runs and does not tell what it holds is not taken for empty', () => {
    const unread = running.map((copy) => ({ ...copy, revision: undefined, recordsKept: undefined }))
    expect(propose([...unread, old], { live: undefined })).toMatchObject({ need: 'unclear', hint: /--copy a:old/ })
  })

  test('where what runs holds the most, the other is told all the same', () => {
    const { need, why } = propose([...running, old], { live: { keys: 20_000, clusterId: 'ff' } })
    expect(need).toBe('fine')
    expect(why).toMatch(/another cluster is kept in a:old \(about 12,000 keys.*to go back to it, --copy a:old/)
  })

  test('two histories of one cluster are asked about as well', () => {
    const forced = lost('b', { members: ['1b'], walTerm: 9, walIndex: 6000 })
    expect(propose([...running, lost('a'), forced])).toMatchObject({
      ...{ need: 'unclear', why: /went different ways.*only member/, hint: /--copy b:old or --copy a:old/ },
    })
  })

  test('another Kubernetes cluster is left out and named, and never "no copy"', () => {
    const foreign = other(99_000, { foreign: 'prod.example.com' })
    expect(propose([...running, old, foreign])).toMatchObject({
      ...{ need: 'lost', notes: [expect.stringMatching(/left out: b:two, about 99,000 keys, .*prod\.example\.com/)] },
    })
    expect(propose([foreign], { live: undefined }).why).toMatch(/but of another Kubernetes cluster, prod/)
  })
})

test('backups of the cluster that runs are known by its members, without any copy of it', () => {
  const live = { keys: 5, clusterId: 'ff', members: ['2a', '2b', '2c'], revision: 6 }
  expect(propose([emptyBackup('2024-03-21T13:10:00Z-000001')], { live })).toMatchObject({ need: 'fine' })
})

test('what was not searched is neither empty nor fine', () => {
  expect(propose([], { live: undefined, unsearched: ['a'] })).toMatchObject({
    ...{ need: 'unclear', why: /a could not be searched, and may hold what is looked for/, hint: /--set unsearched=a/ },
  })
  expect(propose(running, { unsearched: ['a', 'b'] })).toMatchObject({ need: 'unclear', hint: /unsearched=a,b/ })
  expect(propose(running).need).toBe('fine')
})

test.each([
  [30, 490_000, true],
  [599, 12_000, true],
  [5800, 12_000, false],
  [700, 12_000, false],
  [20_000, 490_000, false],
  [60, 300, true],
  [150, 300, false],
  [390, 5000, true],
])('%d keys beside %d are nearly empty: %s', (keys, most, is) => {
  expect(isNearlyEmpty(keys, most)).toBe(is)
})
