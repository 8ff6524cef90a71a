import { describe, expect, test } from 'vitest'
import type { RecoveryCopy } from '../../src/recovery/copies.ts'
import { backup, emptyBackup, live, lost, propose, running, trashed } from './support.ts'

const hint = 'it needs s3:GetObject'

/** One that the store has and does not give out: no right, no key, or archived. */
function unread(name: string, over: Partial<RecoveryCopy> = {}): RecoveryCopy {
  const { id, backup: own, place, at } = backup(name)
  const nothing = { serving: false, sizeBytes: 0, walBytes: 0 }
  return { id, backup: own, place, at, ...nothing, gzBytes: 50e6, unread: { problem: 'AccessDenied', hint }, ...over }
}

const JANUARY = '2024-01-10T12:00:00Z-000001'
const NOON = '2024-03-21T12:00:00Z-000002'
const AFTER = '2024-03-21T13:15:00Z-000003'
const unclear = { need: 'unclear', why: expect.stringContaining(NOON), hint: expect.stringContaining(hint) }

describe('a backup that cannot be read is not taken for a bad one', () => {
  test('an empty cluster runs, and no backup of the lost one can be read', () => {
    expect(propose([...running, unread(JANUARY), unread(NOON)])).toMatchObject(unclear)
    const own = { ...emptyBackup(AFTER), gzBytes: 3000 }
    expect(propose([...running, unread(NOON), own])).toMatchObject(unclear)
  })

  test('nothing runs, and no backup can be read', () => {
    expect(propose([unread(JANUARY), unread(NOON)], { live: undefined })).toMatchObject(unclear)
  })

  test('one that is newer than the best backup that can be read', () => {
    const old = backup(JANUARY, { recordsKept: 300, gzBytes: 20_000 })
    const assessment = propose([old, unread(NOON)], { live: undefined })
    expect(assessment).toMatchObject(unclear)
    expect(assessment.hint).toContain(`--backup ${JANUARY}`)
  })

  test('one that is newer than the copies on the nodes', () => {
    const old = ['a', 'b', 'c'].map((node) => lost(node, { recordsKept: 5000, at: '2024-01-10T12:00:00Z' }))
    expect(propose([...old, unread(NOON)], { live: undefined })).toMatchObject(unclear)
  })

  test('an older one, where the best holds next to nothing and it is far larger', () => {
    const small = backup(AFTER, { recordsKept: 300, gzBytes: 20_000 })
    expect(propose([small, unread(NOON)], { live: undefined })).toMatchObject(unclear)
    expect(propose([small, unread(NOON, { gzBytes: 30_000 })], { live: undefined }).need).toBe('lost')
  })

  test('what the operator named is taken', () => {
    const old = backup(JANUARY, { recordsKept: 300 })
    expect(propose([old, unread(NOON)], { live: undefined, backup: JANUARY })).toMatchObject({
      need: 'lost',
      best: { method: 'restore-backup', source: { backup: JANUARY } },
    })
    expect(propose([...running, ...trashed, unread(AFTER)], { copy: 'a:old' }).need).toBe('lost')
  })

  test('the one that was named says what it needs', () => {
    const { best, proposals } = propose([...running, unread(NOON)], { backup: NOON })
    expect(best).toBeUndefined()
    expect(proposals.at(-1)).toMatchObject({ possible: false, why: expect.stringContaining(hint) })
  })
})

describe('an old one that is archived keeps nobody', () => {
  const healthy = ['a', 'b', 'c'].map((node) => lost(node, { serving: true, place: 'data' }))
  const alive = { ...live, clusterId: 'cc', members: ['1a', '1b', '1c'], revision: 5001 }

  test('from leaving a healthy cluster alone, large or small', () => {
    const own = backup(NOON, { gzBytes: 40e6 })
    expect(propose([...healthy, own, unread(JANUARY)], { live: { ...alive, keys: 470_000 } }).need).toBe('fine')
    const small = healthy.map((copy) => ({ ...copy, recordsKept: 300 }))
    const few = backup(NOON, { recordsKept: 300, gzBytes: 20_000 })
    const archived = unread(JANUARY, { gzBytes: 19_000 })
    expect(propose([...small, few, archived], { live: { ...alive, keys: 300 } }).need).toBe('fine')
  })

  test('from bringing a newer copy back', () => {
    expect(propose([...running, ...trashed, unread(JANUARY)]).need).toBe('lost')
    expect(propose([backup(NOON), unread(JANUARY)], { live: undefined }).need).toBe('lost')
  })
})
