import { expect, it } from 'vitest'
import type { Copy } from '../../../src/steps/facts.ts'
import { bestCopy, rankCopies, rivalOf } from '../../../src/steps/support/rank.ts'

const copy = (id: string, more: Partial<Copy> = {}): Copy => ({
  id,
  node: id.split(':')[0] ?? '',
  token: id.split(':')[1] ?? '',
  path: `/mnt/x/data-trashcan/${id}`,
  place: 'trashcan',
  serving: false,
  etcdCluster: 'main',
  clusterId: id.split(':')[1] ?? '',
  revision: 100,
  recordsKept: 100,
  sizeBytes: 1,
  walBytes: 1,
  findings: [],
  ...more,
})

it('takes the cluster that holds more, not the one with the higher revision', () => {
  const old = copy('a:old', { revision: 5000, recordsKept: 4000 })
  const empty = copy('b:seeded', { revision: 90_000, recordsKept: 30 })
  expect(bestCopy([empty, old])).toBe(old)
  expect(rivalOf(old, [empty, old])).toBeUndefined()
})

it('takes the member whose log reaches furthest, by term first', () => {
  const lagging = copy('a:t', { walTerm: 2, walIndex: 900, revision: 120 })
  const ahead = copy('b:t', { walTerm: 3, walIndex: 850, revision: 110 })
  const behind = copy('c:t', { walTerm: 3, walIndex: 849, revision: 119 })
  expect(rankCopies([lagging, behind, ahead]).map(({ id }) => id)).toEqual(['b:t', 'c:t', 'a:t'])
})

it('never takes what runs now, nor what cannot be read', () => {
  const running = copy('a:now', { serving: true, place: 'data', recordsKept: 9000 })
  const broken = copy('b:broken', { revision: undefined, findings: ['unusable: not an etcd database'] })
  expect(bestCopy([running, broken])).toBeUndefined()
})

it('names a rival that holds nearly as much', () => {
  const one = copy('a:one', { recordsKept: 1000 })
  const two = copy('b:two', { recordsKept: 600 })
  expect(rivalOf(one, [one, two])).toBe(two)
})
