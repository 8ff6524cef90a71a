import { describe, expect, test } from 'vitest'
import type { RecoveryCopy } from '../../src/recovery/copies.ts'
import { backup, lost, propose, running, seeded, trashed, ways } from './support.ts'

/** c was away during the reseed, and came back with its old directory; a's disk was replaced. */
const away = (over: Partial<RecoveryCopy> = {}) =>
  lost('c', {
    place: 'data',
    path: '/mnt/v/data/old',
    named: true,
    walIndex: 1150,
    revision: 1100,
    walWrites: 0,
    ...over,
  })
const lagging = lost('b', { walIndex: 1000, revision: 950, walWrites: 0 })
const seededWithoutC = [seeded('a'), seeded('b')]

describe('a member that was left behind', () => {
  test.each([
    ['nothing runs on it', away()],
    ['an etcd runs on it, alone', away({ serving: true })],
    ['whether one runs could not be told', away({ servingUnseen: 'no /proc' })],
  ])('its directory is what the recovery is built on: %s', (_, own) => {
    const copies = [...seededWithoutC, lagging, own]
    const { need, best, proposals } = propose(copies)
    expect({ need, method: best?.method, id: best?.source?.id }).toEqual({
      ...{ need: 'lost', method: 'return-in-place', id: 'c:old' },
    })
    expect(best?.comesBack).toMatch(/revision 1,100.*; 2 of 3 members as they were/)
    expect(proposals.find(({ method }) => method === 'seed-in-place')).toMatchObject({ source: { id: 'c:old' } })
    // the logs of two members are a quorum of three: no acknowledged write is missing
    expect(proposals.flatMap(({ lost: losses }) => losses).join()).not.toMatch(/perhaps the last acknowledged/)
    expect(ways(copies, { copy: 'c:old' })['return-in-place']).toBe(true)
  })

  test('the only copy there is, alone: it is seeded from', () => {
    const { need, best } = propose([...seededWithoutC, away({ serving: true })])
    expect({ need, method: best?.method, id: best?.source?.id }).toEqual({
      ...{ need: 'lost', method: 'seed-in-place', id: 'c:old' },
    })
    expect(best?.lost.join()).toMatch(/1 of 3 members' logs were found/)
  })

  test('the same without an answer of the cluster: what a quorum runs is what runs', () => {
    const { need, best } = propose([...seededWithoutC, lagging, away({ serving: true })], { live: undefined })
    expect({ need, id: best?.source?.id }).toEqual({ need: 'lost', id: 'c:old' })
  })

  test('proposal and step count the same members', () => {
    const noLog = { clusterId: undefined, walIndex: undefined, walTerm: undefined }
    const { best } = propose([...running, lost('a'), lost('b'), lost('c', noLog)])
    expect(best?.comesBack).toMatch(/2 of 3 members as they were/)
  })

  test('a cluster that is merely stopped: its directories lie where they belong, and nothing else is proposed', () => {
    const stopped = ['a', 'b', 'c'].map((node) => lost(node, { place: 'data', path: '/mnt/v/data/old', named: true }))
    const { need, best } = propose(stopped, { live: undefined })
    expect({ need, method: best?.method }).toEqual({ need: 'lost', method: 'return-in-place' })
    expect(best?.comesBack).toMatch(/3 of 3 members/)
  })
})

describe('revisions that go backwards', () => {
  const young = trashed.map((copy) => ({ ...copy, revision: 160, walWrites: 8, recordsKept: 150, sizeBytes: 1e6 }))
  const went = { keys: 30, clusterId: 'ff', revision: 1763 }

  test('are no return: the same directories are seeded beyond all that was seen; a return says what it costs', () => {
    const { best, proposals } = propose([...running, ...young], { live: went })
    expect(best).toMatchObject({ method: 'seed-in-place', source: { revision: 168 } })
    const [back] = proposals
    expect(back).toMatchObject({
      ...{ method: 'return-in-place', possible: true },
      why: /revisions would go backwards: what ran since stands at 1,763, this generation at 168; kubelets, controllers/,
      revisions: { isBackwards: true, running: 1763, returned: 168 },
    })
    expect(back?.lost.join()).toMatch(/from 1,763 to 168: network plugins, operators/)
    expect(back?.touches).toContain('the control loop and all kubelets, restarted')
  })

  test('a generation that is only a little above may be passed while this is read', () => {
    const { best, proposals } = propose([...running, ...young], { live: { ...went, revision: 100 } })
    expect(best?.method).toBe('seed-in-place')
    expect(proposals[0]).toMatchObject({ why: /may go backwards/, revisions: { isBackwards: 'unknown' } })
  })

  test('what does not answer is told by its copies, their logs and its backups too', () => {
    const far = running.map((copy) => ({ ...copy, revision: 1500, walWrites: 263 }))
    expect(propose([...far, ...young], { live: undefined }).best?.method).toBe('seed-in-place')
    const later = backup('2024-03-21T13:20:00Z-000001', {
      members: ['2a', '2b', '2c'],
      revision: 1763,
      recordsKept: 20,
    })
    const { proposals } = propose([...running, ...young, later], { live: undefined })
    expect(proposals[0]?.revisions).toMatchObject({ isBackwards: true, running: 1763 })
  })

  test('a cluster that ran in between counts, one that ended before does not', () => {
    const between = (at: string) =>
      lost('a', {
        id: 'a:mid',
        token: 'mid',
        path: '/mnt/v/data-trashcan/mid',
        clusterId: 'dd',
        members: ['9'],
        revision: 9000,
        walWrites: 0,
        recordsKept: 12,
        at,
      })
    const revisions = (at: string) => propose([...running, ...trashed, between(at)]).proposals[0]?.revisions
    expect(revisions('2024-03-21T13:10:00Z')).toMatchObject({ isBackwards: true, running: 9000, returned: 5001 })
    expect(revisions('2024-03-01T13:10:00Z')).toMatchObject({ isBackwards: false })
  })

  test('what cannot be told is not safe', () => {
    const unread = running.map((copy) => ({ ...copy, revision: undefined, walWrites: undefined }))
    const { proposals } = propose([...unread, ...trashed], { live: undefined, copy: 'a:old' })
    expect(proposals[0]).toMatchObject({ possible: true, why: /does not tell how far it is/ })
    expect(propose(trashed, { live: undefined, unsearched: ['c'] }).best?.method).toBe('seed-in-place')
    expect(propose(trashed, { live: undefined }).best?.method).toBe('return-in-place')
  })
})

describe('a copy whose log etcd would refuse', () => {
  const torn = (node: string, state: 'damaged' | 'snapshot-ahead', over: Partial<RecoveryCopy> = {}) =>
    lost(node, { consistentIndex: 4800, log: { state }, ...over })

  test('is left out of what is put back, and its peers fill it', () => {
    const { best } = propose([...running, lost('a'), lost('b'), torn('c', 'damaged')])
    expect(best).toMatchObject({ method: 'return-in-place', comesBack: /2 of 3 members/ })
  })

  test('is never put back alone: too few are left, and the best of all is seeded', () => {
    const { best, proposals } = propose([
      ...running,
      lost('a', { walIndex: 4900 }),
      torn('b', 'damaged'),
      torn('c', 'damaged'),
    ])
    expect(best).toMatchObject({ method: 'seed-in-place', source: { id: 'a:old' } })
    expect(proposals[0]?.why).toMatch(/the one on b is not put back as it is: its log is damaged/)
  })

  test('that reaches further when it is mended is seeded from; the return says what it lacks', () => {
    const further = torn('a', 'snapshot-ahead', { walIndex: 5400, log: { state: 'snapshot-ahead', usableTo: 5400 } })
    const { best, proposals } = propose([...running, further, lost('b'), lost('c')])
    expect(best).toMatchObject({ method: 'seed-in-place', source: { id: 'a:old' } })
    expect(proposals[0]).toMatchObject({
      possible: true,
      why: 'a:old reaches 300 log entries further, and is not put back as it is: its database is older than the raft snapshot beside it',
    })
  })
})
