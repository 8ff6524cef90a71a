import { describe, expect, test } from 'vitest'
import type { Copy } from '../../../src/steps/facts.ts'
import { formGeneration, quorumOf } from '../../../src/steps/support/generation.ts'
import { copyOf } from './step.ts'

const nodes = ['a', 'b', 'c']
const ids = { a: '1a', b: '1b', c: '1c' }
type Name = keyof typeof ids

/** The directory that one node still has of the lost cluster's three. */
function dirOn(node: Name, over: Partial<Copy> = {}): Copy {
  const urls = { memberId: ids[node], member: `etcd-${node}`, peerUrls: [`https://${node}:2380`] }
  return copyOf({ id: `${node}:old`, node, members: Object.values(ids), walTerm: 2, walIndex: 900, ...urls, ...over })
}

const form = (copies: Copy[], over: { copy?: Copy; without?: string[] } = {}) =>
  formGeneration({ copies, copy: over.copy ?? (copies[0] as Copy), nodes, without: over.without ?? [] })

/** Without the key, as the journal has facts: `undefined` is not there. */
function lacking(copy: Copy, key: keyof Copy): Copy {
  const { [key]: _, ...rest } = copy
  return rest as Copy
}

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

  test('takes nothing of another token, nothing that runs now, and nothing that cannot be read', () => {
    const others = [
      dirOn('b', { token: 'new', clusterId: 'ff', serving: true }),
      dirOn('c', { serving: true }),
      lacking(dirOn('c'), 'revision'),
    ]
    expect(form([dirOn('a'), dirOn('b'), ...others])).toMatchObject({ missing: ['c'], size: 3 })
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
