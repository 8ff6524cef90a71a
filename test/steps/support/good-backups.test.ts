import { expect, test } from 'vitest'
import { newestGood, type RankableBackup } from '../../../src/steps/support/good-backups.ts'

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
  expect(newestGood([backup('12:00'), backup('13:00', ofEmpty), recovered])?.id).toBe('14:00')
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
  const isRunning = ({ members }: RankableBackup) => members?.[0] === '9'
  expect(newestGood([...bad, backup('12:00')], isRunning)?.id).toBe('12:00')
  expect(newestGood(bad, isRunning)).toBeUndefined()
})
