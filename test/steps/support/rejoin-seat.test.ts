import { describe, expect, test } from 'vitest'
import { listedMember, ownDirectories, seatFor, whyNotFit } from '../../../src/steps/support/rejoin-seat.ts'
import type { RunningCluster } from '../../../src/steps/support/running-without.ts'
import { copyOf } from './step.ts'

const place = { node: 'c', base: '/mnt/v', name: 'etcd-c' }
const member = (letter: string) => ({ id: `1${letter}`, name: `etcd-${letter}`, peerUrls: [], clientUrls: [] })
const status = { raftTerm: 5, raftIndex: 1000 }
const answer = (letter: string) => ({
  ...{ node: letter, members: [] },
  status: {
    ...{ version: '3.5.30', clusterId: 'cc', memberId: `1${letter}`, leaderId: '1a', revision: 900, ...status },
    ...{ dbSizeBytes: 1, dbSizeInUseBytes: 1 },
  },
})
const running: RunningCluster = {
  clusterId: 'cc',
  members: ['a', 'b', 'c'].map(member),
  answers: [answer('a'), answer('b')],
}
const own = (over: Parameters<typeof copyOf>[0] = {}) =>
  copyOf({ node: 'c', id: 'c:old', member: 'etcd-c', memberId: '1c', walTerm: 4, walIndex: 1200, ...over })

describe('the seat of a node that was away', () => {
  test('is its own directory where its log is an earlier part of the cluster that serves', () => {
    expect(whyNotFit(own(), status)).toBeUndefined()
    expect(whyNotFit(own({ walTerm: 5, walIndex: 1000 }), status)).toBeUndefined()
    expect(seatFor(place, own(), running)).toEqual({ ...place, source: own().path })
  })

  test.each([
    ['of a later term', { walTerm: 6 }, /term 6/],
    ['further in the same term', { walTerm: 5, walIndex: 1001 }, /reaches 1001/],
    ['that says nothing', { walTerm: undefined, walIndex: undefined }, /does not say/],
    ['with files missing', { log: { state: 'gap' as const } }, /files of its log are missing/],
  ])('is never a log %s', (_, over, why) => {
    expect(whyNotFit(own(over), status)).toMatch(why)
  })

  test('is only a directory of this cluster, of a member that the list still has, on its own volume', () => {
    const others = [
      own({ clusterId: 'empty' }),
      own({ memberId: 'gone' }),
      own({ node: 'b' }),
      own({ path: '/mnt/beside/data/old' }),
      own({ revision: undefined }),
    ]
    expect(ownDirectories(others, place, running)).toEqual([])
    const [short, long] = [own({ walIndex: 10 }), own({ walIndex: 20, path: '/mnt/v/data/old', place: 'data' })]
    expect(ownDirectories([...others, short, long], place, running)).toEqual([long, short])
  })

  test('is empty otherwise, with the old member that has to leave the list', () => {
    expect(seatFor(place, undefined, running)).toEqual({ ...place, lostMemberId: '1c' })
    const without = { ...running, members: ['a', 'b'].map(member) }
    expect(seatFor(place, undefined, without)).toEqual(place)
  })

  test("never takes out a member that serves, or one that could be another node's", () => {
    expect(listedMember({ ...place, name: 'etcd-a' }, running)).toBeUndefined()
    expect(listedMember({ node: 'c', base: '/mnt/v' }, running)?.id).toBe('1c')
    expect(listedMember({ node: 'c', base: '/mnt/v' }, { ...running, answers: [answer('a')] })).toBeUndefined()
  })
})
