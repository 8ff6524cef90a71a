import { describe, expect, test } from 'vitest'
import type { KnownSeat } from '../../src/steps/support/seat-seen.ts'
import { backup, lost, propose, running, trashed, ways } from './support.ts'

const why = 'b: /mnt/v and /mnt/snap both hold data of etcd main, and nothing says which of them etcd-manager uses'
const unseen: KnownSeat = { is: 'unseen', why, hint: 'say it: --set seats=b=/mnt/v' }
const on = (base: string): KnownSeat => ({ is: 'seen', value: base })
const seatsOf = (b: KnownSeat) =>
  new Map([['a', on('/mnt/v')] as const, ['b', b] as const, ['c', on('/mnt/v')] as const])
const good = backup('2024-03-21T12:45:00Z-000001')
const copies = [...running, ...trashed, good]

describe('where nothing tells which volume a node uses', () => {
  test('nothing is put on one: neither in-place way is possible, and a worse one is not taken unasked', () => {
    const { need, why: said, hint, proposals } = propose(copies, { seats: seatsOf(unseen) })
    expect({ need, said, hint }).toEqual({ need: 'unclear', said: why, hint: 'say it: --set seats=b=/mnt/v' })
    expect(proposals.map(({ possible, why: reason }) => (possible ? true : reason))).toEqual([why, why, true, true])
  })

  test('also where the operator named the copy, or the members are too few to return', () => {
    expect(propose(copies, { seats: seatsOf(unseen), copy: 'a:old' })).toMatchObject({ need: 'unclear', why })
    const few = propose([...running, lost('a')], { seats: seatsOf(unseen) })
    expect(few).toMatchObject({ need: 'unclear', why, proposals: [{ why: /^1 of 3 members/ }, { why }, {}, {}] })
  })

  test('a backup that was named needs no volume, and a cluster that is well no answer', () => {
    expect(propose(copies, { seats: seatsOf(unseen), backup: good.backup })).toMatchObject({ need: 'lost' })
    expect(propose([...running], { seats: seatsOf(unseen) })).toMatchObject({ need: 'fine' })
  })
})

describe('where a node was searched and has no volume', () => {
  const absent = { is: 'absent' } as const
  const left = [running[0], running[1], trashed[0], trashed[1], good].flatMap((one) => one ?? [])
  const without = { seats: new Map([...seatsOf(on('/mnt/v')), ['c', absent] as const]) }

  test('it is proposed with the others, names the node, and says what takes it in', () => {
    const { need, best, notes, volumeless, proposals } = propose(left, without)
    expect({ need, volumeless }).toEqual({ need: 'lost', volumeless: ['c'] })
    expect(best).toMatchObject({ method: 'return-in-place', comesBack: expect.stringContaining('2 of 3 members') })
    expect(best?.touches).toContain('etcd-manager, data/ and state on 2 control-plane nodes')
    expect(notes?.[0]).toBe(
      'c has no volume of etcd main: goes on without it; take it in afterwards, once it has one: etcd-rescue run rejoin-member --set node=c',
    )
    expect(proposals.map(({ possible }) => possible)).toEqual([true, true, true, true])
  })

  test('a node that cannot be reached is not counted among those that are touched', () => {
    const { best } = propose([...running.slice(0, 2), ...trashed.slice(0, 2), good], { away: ['c'] })
    expect(best?.touches).toContain(
      'etcd-manager, data/ and state on 2 control-plane nodes (not on c, which cannot be reached)',
    )
  })

  test('nothing is left to be said once the operator says to go on without; the note stays', () => {
    const said = propose(left, { ...without, without: ['c'] })
    expect(said.volumeless).toBeUndefined()
    expect(said.notes).toHaveLength(1)
    expect(said.best?.method).toBe('return-in-place')
  })

  test('the others must be a quorum: of one volume of three no cluster is made, by whichever way', () => {
    const few = { seats: new Map([...without.seats, ['b', absent] as const]) }
    const only = 'only 1 of 3 control-plane nodes has a volume of etcd-manager, and 2 are needed'
    const reasons = ways(
      [running[0], trashed[0], good].flatMap((one) => one ?? []),
      few,
    )
    expect(reasons).toEqual({
      'return-in-place': expect.stringMatching(/^1 of 3 members has a usable directory/),
      'seed-in-place': only,
      'rebuild-from-trashcan': only,
      'restore-backup': only,
    })
  })

  test('another whose volume could not be seen is still a question', () => {
    const both = { seats: new Map([...without.seats, ['b', unseen] as const]) }
    expect(propose(left, both)).toMatchObject({ need: 'unclear', why })
  })
})

describe('where it is known', () => {
  test('a directory beside it does not count towards the quorum, also where nothing runs', () => {
    const beside = lost('b', { path: '/mnt/snap/data/old', place: 'data' })
    const stopped = { live: undefined, seats: seatsOf(on('/mnt/v')) }
    expect(ways([lost('a'), beside], stopped)['return-in-place']).toMatch(
      /1 of 3 members has .*; the one on b lies on \/mnt\/snap, and its etcd-manager uses another volume/,
    )
    const { best } = propose([lost('a'), beside, lost('c')], stopped)
    expect(best).toMatchObject({ method: 'return-in-place', comesBack: expect.stringContaining('2 of 3 members') })
    const there = { ...stopped, seats: seatsOf(on('/mnt/snap')) }
    expect(propose([lost('a'), beside, lost('c')], there).best?.comesBack).toContain('3 of 3 members')
  })
})

test('that nothing is needed, or nothing is there, is not said over a backup store that could not be read', () => {
  const storeUnread = 'access to s3://store/main is denied'
  const why =
    /^the backup store of etcd main could not be read, .* \(access to s3:\/\/store\/main is denied\); of what was: /
  for (const found of [[], running])
    expect(propose(found, { storeUnread })).toMatchObject({ need: 'unclear', why: expect.stringMatching(why) })
  expect(propose(copies, { storeUnread })).toMatchObject({ need: 'lost', best: { method: 'return-in-place' } })
})

test('a directory that the operator leaves out does not count: what is proposed is what is done', () => {
  expect(propose(copies, { without: ['c'] }).best?.comesBack).toContain('2 of 3 members')
  expect(ways(copies, { without: ['b', 'c'] })['return-in-place']).toMatch(/1 of 3 .*b is left out, as you said; c is/)
})
