import { expect, it } from 'vitest'
import type { Copy } from '../../../src/steps/facts.ts'
import { bestCopy, rankCopies, rivalsOf } from '../../../src/steps/support/rank.ts'
import { runningCluster } from '../../../src/steps/support/running.ts'

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
  expect(rivalsOf(old, [empty, old])).toEqual([])
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
  expect(rivalsOf(one, [one, two])).toEqual([two])
})

it('of two that reach equally far, takes the one whose log is clean before the one whose end is torn', () => {
  const torn = copy('a:t', { walTerm: 3, walIndex: 850, log: { state: 'ends-torn' } })
  const clean = copy('b:t', { walTerm: 3, walIndex: 850, log: { state: 'unread' } })
  expect(bestCopy([torn, clean])).toBe(clean)
  const further = { ...torn, walIndex: 851 }
  expect(bestCopy([further, clean])).toBe(further)
})

it('a log that etcd refuses counts with what can be brought back of it, else its database counts alone', () => {
  const refused = copy('a:t', { walIndex: 900, consistentIndex: 700, log: { state: 'snapshot-ahead' } })
  const whole = copy('b:t', { walIndex: 850, consistentIndex: 800 })
  expect(bestCopy([refused, whole])).toBe(whole)
  const mended = { ...refused, log: { state: 'snapshot-ahead', usableTo: 900 } } as const
  expect(bestCopy([mended, whole])).toBe(mended)
})

it('a database that holds more than its log reaches counts by the database', () => {
  const short = copy('a:t', { walIndex: 400, consistentIndex: 900, log: { state: 'behind-database' } })
  expect(bestCopy([short, copy('b:t', { walIndex: 850, consistentIndex: 850 })])).toBe(short)
})

it('a lost database with a log that makes it anew is a copy; one without is none', () => {
  const lost = copy('a:t', { revision: undefined, walIndex: 60, recordsKept: undefined })
  expect(bestCopy([{ ...lost, log: { state: 'database-lost' } }])).toBeUndefined()
  const young = { ...lost, log: { state: 'database-lost', usableTo: 60 } } as const
  expect(bestCopy([young])).toBe(young)
})

it('what a quorum runs, or what answers, is what runs: all of it, and nothing else', () => {
  const members = ['1', '2', '3']
  const now = ['a', 'b'].map((node) => copy(`${node}:now`, { members, serving: true, place: 'data' }))
  const away = copy('c:old', { members: ['7', '8', '9'], serving: true, place: 'data', recordsKept: 9000 })
  expect(bestCopy([...now, away])).toBe(away)
  const all = [...now, away]
  const running = runningCluster(all)
  expect(all.map(running.uses)).toEqual([true, true, false])
  // an answer is worth more than what is seen of processes
  expect(all.map(runningCluster(all, { clusterId: 'old' }).uses)).toEqual([false, false, true])
  // one of three serves nobody, and nothing of it is kept from being recovered
  expect(all.slice(1).map(runningCluster(all.slice(1)).uses)).toEqual([false, false])
  // an etcd of which nothing tells the cluster is in use
  const untold = copy('d:x', { clusterId: undefined, serving: true })
  expect(runningCluster([...all, untold]).uses(untold)).toBe(true)
})
