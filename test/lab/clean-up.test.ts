import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { cleaner, cleanUp, tooMany } from '../../src/lab/etcd-manager/clean-up.ts'

const NOW = Date.parse('2024-03-21T11:50:00Z')
const quarters = (hour: string) =>
  ['00', '15', '30', '45'].map((minute, at) => `2024-03-21T${hour}:${minute}:05Z-00000${at}`)

describe("the double's clean-up, as etcd-manager's", () => {
  it('an hour after an incident at 10:50 it takes 10:15 to 10:45: all of an hour but its earliest', () => {
    const names = [...quarters('09'), ...quarters('10'), ...quarters('11')]
    expect(tooMany(names, NOW)).toEqual([...quarters('09').slice(1), ...quarters('10').slice(1)])
  })

  it('keeps the earliest of each day after a week, and nothing after ninety days', () => {
    const names = ['2024-03-10T01:00:00Z-000001', '2024-03-10T02:00:00Z-000001', '2024-03-11T02:00:00Z-000001']
    expect(tooMany([...names, '2023-11-01T01:00:00Z-000001'], NOW)).toEqual([names[1], '2023-11-01T01:00:00Z-000001'])
  })

  it('goes by the name alone: what is no time stays, and a time in another zone is one', () => {
    const names = [
      'recovered-x',
      'before-x',
      '2024-03-21T10:15:00',
      '2024-03-21T10:15:00Z',
      '2024-03-21T11:30:00+01:00',
    ]
    expect(tooMany(names, NOW)).toEqual(['2024-03-21T11:30:00+01:00'])
  })

  it('deletes all of a backup, leaves one without a meta, and looks again after an hour only', async () => {
    const store = memoryStore()
    const [kept = '', taken = '', half = ''] = quarters('10')
    for (const name of [kept, taken, 'recovered-x']) {
      await store.write(`${name}/etcd.backup.gz`, Buffer.from('x'))
      await store.write(`${name}/_etcd_backup.meta`, Buffer.from('{}'))
    }
    await store.write(`${half}/etcd.backup.gz`, Buffer.from('x'))
    await cleanUp(store, NOW)
    const left = async () => [...new Set((await store.list('')).map(({ key }) => key.split('/')[0]))]
    expect(await left()).toEqual([kept, half, 'recovered-x'])
    const clean = cleaner(store)
    await clean()
    await store.write('2020-01-01T00:00:00Z-000001/_etcd_backup.meta', Buffer.from('{}'))
    await clean()
    expect(await left()).toContain('2020-01-01T00:00:00Z-000001')
  })
})
