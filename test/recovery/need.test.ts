import { expect, test } from 'vitest'
import { emptyBackup, lost, propose, running, seeded, trashed } from './support.ts'

test('what runs now holds the most: nothing is needed', () => {
  const { need, why, proposals, best } = propose(
    [...trashed.map((copy) => ({ ...copy, recordsKept: 5 })), ...running],
    {
      live: { keys: 30, clusterId: 'ff' },
    },
  )
  expect({ need, proposals, best }).toEqual({ need: 'fine', proposals: [], best: undefined })
  expect(why).toMatch(/30 keys/)
})

test('backups of a healthy cluster are no reason to go back to one', () => {
  const healthy = ['a', 'b', 'c'].map((node) => lost(node, { serving: true, place: 'data' }))
  const own = emptyBackup('2024-03-21T13:10:00Z-000001')
  const backups = [{ ...own, members: ['1a', '1b', '1c'], recordsKept: 480_000 }]
  expect(propose([...healthy, ...backups], { live: { keys: 470_000, clusterId: 'cc' } }).need).toBe('fine')
})

test('a running cluster that holds about as much is not replaced by guessing', () => {
  const { need, hint, best } = propose([...running, ...trashed], { live: { keys: 300_000, clusterId: 'ff' } })
  expect({ need, hint }).toMatchObject({ need: 'unclear', hint: expect.stringMatching(/--copy a:old/) })
  // for a person who decides
  expect(best?.method).toBe('return-in-place')
})

test('two clusters that hold about as much are both named', () => {
  const rival = lost('c', { id: 'c:two', token: 'two', clusterId: 'dd', recordsKept: 300_000, members: ['9'] })
  expect(propose([...running, ...trashed, rival])).toMatchObject({
    need: 'unclear',
    hint: 'say which one is right: --copy a:old or --copy c:two',
  })
})

test('what serves counts by its keys, not by the history that its leases pile up', () => {
  const busy = ['a', 'b', 'c'].map((node) => seeded(node, { recordsKept: 900 }))
  const small = trashed.map((copy) => ({ ...copy, recordsKept: 400 }))
  expect(propose([...busy, ...small]).need).toBe('lost')
  expect(propose([...busy, ...small], { live: undefined }).need).toBe('fine')
})

test('no copy at all', () => {
  expect(propose([], { live: undefined })).toMatchObject({ need: 'nothing', proposals: [] })
})

test('an etcd cluster that no node runs is left alone, unless it is main', () => {
  expect(propose(trashed, { live: undefined, etcdCluster: 'events' }).need).toBe('not-run')
  expect(propose(trashed, { live: undefined }).need).toBe('lost')
})
