import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFileSource, peekMember } from '../../../src/bolt/index.ts'
import type { Copy } from '../../../src/steps/facts.ts'
import { compareRevisions } from '../../../src/steps/support/backwards.ts'
import { formGeneration } from '../../../src/steps/support/generation.ts'
import { logsFound } from '../../../src/steps/support/logs-found.ts'
import { agreeing, heldByAnyLeader, type Tried } from '../../../src/steps/support/odd-members.ts'
import { quorumOf } from '../../../src/steps/support/quorum.ts'
import { runningCluster } from '../../../src/steps/support/running.ts'
import { addLearner } from '../../support/member-state.ts'
import { memberDir } from './member-dir.ts'
import { copyOf } from './step.ts'
import { tempDir } from './temp.ts'

const nodes = ['a', 'b', 'c']
const ids = { a: '1a', b: '1b', c: '1c' }
type Name = keyof typeof ids

/** The directory that one node still has of the lost cluster's three. */
function dirOn(node: Name, over: Partial<Copy> = {}): Copy {
  const urls = { memberId: ids[node], member: `etcd-${node}`, peerUrls: [`https://${node}:2380`] }
  return copyOf({ id: `${node}:old`, node, members: Object.values(ids), walTerm: 2, walIndex: 900, ...urls, ...over })
}

/** As etcd-manager seeded it. */
const seeded = (node: string) => ({
  id: `${node}:new`,
  token: 'new',
  clusterId: 'ff',
  members: ['2a', '2b', '2c'],
  memberId: `2${node}`,
})

const form = (copies: Copy[], over: { copy?: Copy; without?: string[] } = {}) =>
  formGeneration({ copies, copy: over.copy ?? (copies[0] as Copy), nodes, without: over.without ?? [] })

/** Without the key, as the journal has facts: `undefined` is not there. */
function lacking(copy: Copy, key: keyof Copy): Copy {
  const { [key]: _, ...rest } = copy
  return rest as Copy
}

/** What the cluster's databases say since c is a learner. */
const learning = { learners: ['1c'] }

describe('a learner', () => {
  const all = [dirOn('a', learning), dirOn('b', learning), dirOn('c', learning)]

  test('is put back, and is no part of a quorum: neither of those that are needed nor of those that are there', () => {
    const { size, members } = form(all)
    expect(size).toBe(2)
    expect(members.map(({ node, isLearner }) => [node, isLearner])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', true],
    ])
    expect(() => form([dirOn('a', learning), dirOn('c', learning)])).toThrow(
      /1 of 2 members has a usable directory \(on a\), and 2 are needed; the one on c is a learner's, which has no vote$/,
    )
  })

  test('is who the furthest database calls so: an older one may not know of it, or that it was promoted', () => {
    const before = dirOn('a', { consistentIndex: 500 })
    expect(() => form([before, dirOn('c', { ...learning, consistentIndex: 800 })])).toThrow(/1 of 2 members/)
    const since = dirOn('b', { learners: [], consistentIndex: 900 })
    expect(form([dirOn('a', { ...learning, consistentIndex: 800 }), since, dirOn('c')])).toMatchObject({ size: 3 })
  })

  test('of a real database is known by its id', async () => {
    const dir = await tempDir()
    await memberDir(dir, async (member) => {
      const { memberId } = await member.client.status()
      const added = await addLearner(member)
      expect((await member.client.members()).map(({ id, isLearner }) => [id, isLearner])).toEqual(
        expect.arrayContaining([
          [memberId, undefined],
          [added, true],
        ]),
      )
    })
    const db = await openFileSource(join(dir, 'member/snap/db'))
    onTestFinished(() => db.close())
    const peek = await peekMember(db, [])
    const found = { members: peek.members.map(({ id }) => id), learners: peek.learners ?? [] }
    expect([found.members.length, found.learners.length]).toEqual([2, 1])
    const [voter = ''] = found.members.filter((id) => !found.learners.includes(id))
    expect(form([dirOn('a', { ...found, memberId: voter })])).toMatchObject({ size: 1, members: [{ node: 'a' }] })
  })

  test('has no part in what runs, in the logs that are needed, or in the revision that a quorum has', () => {
    const serving = all.map((copy) => ({ ...copy, serving: true }))
    const [a, b, c] = serving as [Copy, Copy, Copy]
    expect(runningCluster([a, b]).uses(a)).toBe(true)
    expect(runningCluster([a, c]).uses(a)).toBe(false)
    const running = runningCluster([])
    expect(logsFound(all[0] as Copy, all, running, 3)).toEqual({ logs: 2, size: 2 })
    const members = [
      dirOn('a', { ...learning, revision: 100, walWrites: 50 }),
      dirOn('c', { ...learning, walWrites: 50 }),
    ]
    const question = { copies: members, size: 1, running, live: undefined, isAllSearched: true }
    expect(compareRevisions({ ...question, members: members.slice(0, 1) }).returned).toBe(150)
    expect(
      compareRevisions({
        ...question,
        members: [members[0] as Copy, { ...(members[1] as Copy), revision: 0, walWrites: 900 }],
      }).returned,
    ).toBe(150)
  })

  test('neither proves what the others hold nor leads them', () => {
    const { members } = form(all)
    const tried = (node: string, is: Tried['is'], revision: number): Tried => ({ node, is, revision })
    const odd = [tried('a', 'same', 10), tried('b', 'differs', 10), tried('c', 'same', 10)]
    expect(agreeing(odd, { members, size: 2 })).toBeUndefined()
    const same = [tried('a', 'same', 10), tried('b', 'same', 12), tried('c', 'same', 5)]
    expect(agreeing(same, { members, size: 2 })).toHaveLength(3)
    expect(heldByAnyLeader(same, { members, size: 2 })).toBe(12)
  })
})

test('a quorum is more than half', () => {
  expect([1, 2, 3, 4, 5, 7].map(quorumOf)).toEqual([1, 2, 2, 3, 3, 4])
})

describe('a generation', () => {
  test('is one directory a node, each with its own member', () => {
    const { members, ...rest } = form([dirOn('a'), dirOn('b'), dirOn('c')])
    expect(rest).toEqual({ token: 'old', clusterId: 'cc', size: 3, missing: [] })
    expect(members.map(({ node, memberId, name, base }) => [node, memberId, name, base])).toEqual([
      ['a', '1a', 'etcd-a', '/mnt/v'],
      ['b', '1b', 'etcd-b', '/mnt/v'],
      ['c', '1c', 'etcd-c', '/mnt/v'],
    ])
  })

  test('takes nothing of another token, and nothing that cannot be read', () => {
    const others = [dirOn('b', { token: 'new', clusterId: 'ff', serving: true }), lacking(dirOn('c'), 'revision')]
    expect(form([dirOn('a'), dirOn('b'), ...others])).toMatchObject({ missing: ['c'], size: 3 })
  })

  test('a member that was away and runs its old directory alone is one of it, where it lies; what a quorum runs is not', () => {
    const away = dirOn('c', { serving: true, place: 'data', path: '/mnt/v/data/old' })
    const running = nodes.map((node) => dirOn(node as Name, { ...seeded(node), serving: true }))
    const { members, missing } = form([dirOn('b'), away, ...running.slice(0, 2)])
    expect({ paths: members.map(({ path }) => path), missing }).toEqual({
      paths: ['/mnt/v/data-trashcan/old', '/mnt/v/data/old'],
      missing: ['a'],
    })
    const [own] = running
    expect(() => form(running, { copy: own as Copy })).toThrow(/0 of 3 members have a usable directory/)
  })

  test.each([
    ['damaged', /the one on c is not put back as it is: its log is damaged/],
    ['gap', /files of its log are missing/],
    ['behind-database', /its log ends before what its database holds/],
    ['snapshot-ahead', /its database is older than the raft snapshot beside it/],
  ] as const)(
    'a directory whose log is %s is never put back: its peers fill it, where they are a quorum',
    (state, why) => {
      const unfit = dirOn('c', { log: { state } })
      expect(form([dirOn('a'), dirOn('b'), unfit])).toMatchObject({ missing: ['c'] })
      expect(() => form([dirOn('a'), unfit])).toThrow(why)
      expect(form([dirOn('a'), dirOn('b'), dirOn('c', { log: { state: 'ends-torn' } })])).toMatchObject({ missing: [] })
    },
  )

  test('data with authentication on is not put back: a seed has it turned off', () => {
    expect(() => form([dirOn('a', { authEnabled: false }), dirOn('b', { authEnabled: true })])).toThrow(
      expect.objectContaining({
        ...{ code: 'PRECONDITION', hint: expect.stringContaining('--method seed-in-place') },
        message: 'cannot return in place: the data on b has authentication on, and no API server has a user in etcd',
      }),
    )
  })

  test('a directory on a volume beside the one that runs is no seat, and says so', () => {
    const runs = dirOn('c', { ...seeded('c'), serving: true, path: '/mnt/now/data/new', place: 'data' })
    const beside = dirOn('c', { path: '/mnt/snap/data/old', place: 'data', walIndex: 2000 })
    expect(form([dirOn('a'), dirOn('b'), beside, runs])).toMatchObject({ missing: ['c'] })
    expect(() => form([dirOn('a'), beside, runs])).toThrow(
      /1 of 3 .*; the one on c lies on \/mnt\/snap, and its etcd-manager uses another volume$/,
    )
  })

  test('nor where nothing runs: of two directories on a node the one on its seat counts, however far the other reaches', () => {
    const beside = dirOn('c', { path: '/mnt/snap/data/old', place: 'data', walIndex: 2000 })
    const seats = new Map([['c', '/mnt/v']])
    const all = [dirOn('a'), dirOn('b'), dirOn('c'), beside]
    const chosen = { copy: all[0] as Copy, nodes, without: [], seats }
    const { members } = formGeneration({ ...chosen, copies: all })
    expect(members.map(({ path }) => path)).toEqual(Array(3).fill('/mnt/v/data-trashcan/old'))
    expect(() => formGeneration({ ...chosen, copies: [dirOn('a'), beside] })).toThrow(
      /the one on c lies on \/mnt\/snap/,
    )
  })

  test('members that went on without each other are not put side by side', () => {
    const forced = dirOn('c', { members: ['1c'], walTerm: 5 })
    expect(() => form([dirOn('a'), dirOn('b'), forced])).toThrow(
      /went different ways: c:old names itself as the only member/,
    )
    const later = dirOn('c', { walTerm: 7, walIndex: 800 })
    const committed = dirOn('a', { walTerm: 3, consistentIndex: 880 })
    expect(() => form([committed, dirOn('b', { walTerm: 3 }), later])).toThrow(
      /a:old has committed index 880, and c:old of a later term ends at 800/,
    )
  })

  test('of two directories on one node it takes the one whose log reaches further', () => {
    const older = dirOn('b', { path: '/mnt/v/data/old', place: 'data', walIndex: 700 })
    const { members } = form([dirOn('a'), older, dirOn('b')])
    expect(members.map(({ path }) => path)).toEqual(['/mnt/v/data-trashcan/old', '/mnt/v/data-trashcan/old'])
  })

  test('needs a quorum of the members that its databases name, and says where it has them', () => {
    expect(() => form([dirOn('a')])).toThrow(
      expect.objectContaining({
        code: 'PRECONDITION',
        message: 'cannot return in place: 1 of 3 members has a usable directory (on a), and 2 are needed',
        hint: expect.stringContaining('--method seed-in-place'),
      }),
    )
    // one of one is a quorum of itself, and two of five are none of theirs
    expect(form([dirOn('a', { members: ['1a'] })])).toMatchObject({ size: 1, missing: ['b', 'c'] })
    const five = { members: ['1a', '1b', '1c', '1d', '1e'] }
    // etcd-managers that the config does not know would not be stopped
    expect(() => form([dirOn('a', five), dirOn('b', five), dirOn('c', five)])).toThrow(
      /5 members.* only 3 control-plane nodes/,
    )
  })

  test('a node that is left out does not count; the message says why', () => {
    const all = [dirOn('a'), dirOn('b'), dirOn('c')]
    expect(form(all, { without: ['c'] })).toMatchObject({ missing: ['c'], members: [{ node: 'a' }, { node: 'b' }] })
    expect(() => form(all, { without: ['b', 'c'] })).toThrow(/b is left out, as you said; c is left out/)
  })

  test('a directory without a WAL does not count either, and is named', () => {
    expect(() => form([dirOn('a'), lacking(dirOn('b'), 'clusterId')])).toThrow(
      /1 of 3 .*; the one on b has no WAL that names its cluster$/,
    )
    const alone = lacking(dirOn('a'), 'clusterId')
    expect(() => form([alone, dirOn('b')], { copy: alone })).toThrow(/can only be a seed/)
  })

  test('directories of different clusters are never one', () => {
    expect(() => form([dirOn('a'), dirOn('b'), dirOn('c', { clusterId: 'dd' })])).toThrow(
      expect.objectContaining({ code: 'PRECONDITION', message: expect.stringMatching(/cc on a, dd on c/) }),
    )
  })

  test('the same member twice is a copy of a copy, and no quorum', () => {
    expect(() => form([dirOn('a'), dirOn('b', { memberId: '1a', member: 'etcd-a' })])).toThrow(/same member etcd-a/)
  })

  test('refuses what does not say who it is', () => {
    expect(() => form([dirOn('a'), lacking(dirOn('b'), 'memberId')])).toThrow(/on b does not say which member/)
    expect(() => form([lacking(dirOn('a'), 'members'), dirOn('b')])).toThrow(/does not say which members/)
  })
})
