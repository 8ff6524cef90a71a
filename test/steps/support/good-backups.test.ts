import { expect, test } from 'vitest'
import { goodOfOthers, newestGood, type RankableBackup } from '../../../src/steps/support/good-backups.ts'
import { runningCluster } from '../../../src/steps/support/running.ts'

const backup = (at: string, over: Partial<RankableBackup> = {}): RankableBackup => ({
  id: at,
  serving: false,
  revision: 900,
  recordsKept: 1000,
  members: ['1a', '1b', '1c'],
  at: `2024-03-21T${at}:00Z`,
  ...over,
})
const ofEmpty = { members: ['2a', '2b', '2c'], revision: 40, recordsKept: 30 }

test('the newest of the cluster that holds data, whatever the order', () => {
  const all = [backup('13:00', ofEmpty), backup('12:15'), backup('13:15', ofEmpty), backup('12:00')]
  expect(newestGood(all)?.id).toBe('12:15')
})

test('a cluster that shrank: the newest of it counts, not the largest', () => {
  expect(newestGood([backup('11:00', { recordsKept: 5000 }), backup('12:00')])?.id).toBe('12:00')
})

test('after an earlier recovery the data goes on in a new cluster: its backups are the newer ones', () => {
  const recovered = backup('14:00', { members: ['3a'], revision: 700, recordsKept: 700 })
  const all = [backup('12:00'), backup('11:00'), backup('13:00', ofEmpty), recovered]
  expect(newestGood(all)?.id).toBe('14:00')
  // which of them is right only a person can say
  expect(goodOfOthers(recovered, all).map(({ id }) => id)).toEqual(['12:00'])
  expect(goodOfOthers(backup('12:00'), all.slice(0, 3))).toEqual([])
})

test('nearly empty ones are none, also where their members have the same ids', () => {
  expect(newestGood([backup('12:00'), backup('13:00', { recordsKept: 20 })])?.id).toBe('12:00')
})

test('what cannot be read, is foreign, or of what runs now, is none', () => {
  const bad = [
    backup('12:01', { revision: undefined }),
    backup('12:02', { foreign: 'prod.example.com' }),
    backup('12:03', { members: ['9'] }),
  ]
  const running = runningCluster([...bad, backup('12:00')], { clusterId: 'ff', members: ['9'] })
  expect(newestGood([...bad, backup('12:00')], running)?.id).toBe('12:00')
  expect(newestGood(bad, running)).toBeUndefined()
})
