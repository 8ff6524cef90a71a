import { describe, expect, test } from 'vitest'
import type { StateNode } from '../../../src/etcd-manager/state-file.ts'
import type { GenerationMember } from '../../../src/steps/facts.ts'
import { changedAddresses, seatsOf, stateNodes, versionFor } from '../../../src/steps/support/placement.ts'
import type { Place } from '../../../src/steps/support/seats.ts'

const url = (name: string, port = 2380) => `https://${name}.internal:${port}`

function stateNode(name: string, host = name): StateNode {
  const urls = { peerUrls: [url(host)], clientUrls: [url(host, 4001)], quarantinedClientUrls: [url(host, 3994)] }
  return { name, tlsEnabled: true, ...urls }
}

const memberOf = (node: string): GenerationMember => ({
  ...{ node, base: '/mnt/v', path: '/mnt/v/data-trashcan/old' },
  ...{ memberId: `1${node}`, name: `etcd-${node}`, peerUrls: [url(`etcd-${node}`)] },
})
const listed = (...nodes: string[]) =>
  nodes.map((node) => ({ id: `1${node}`, name: `etcd-${node}`, peerUrls: [url(`etcd-${node}`)] }))
const place = (node: string, over: Partial<Place> = {}): Place => ({ node, base: '/mnt/v', installed: [], ...over })
const stateWith = (nodes: StateNode[]) => ({
  ...{ newCluster: false, quarantined: false, etcdVersion: '3.5.30' },
  cluster: { desiredSize: 3, token: 'new', nodes },
})

describe('the members that state names', () => {
  test('are as some node knows them now', () => {
    const places = [place('a'), place('b', { state: stateWith([stateNode('etcd-a', 'moved')]) })]
    expect(stateNodes(places, listed('a'))).toEqual([stateNode('etcd-a', 'moved')])
  })

  test("or as the database had them, with kOps' ports; never one that the cluster has not", () => {
    const places = [place('a', { state: stateWith([stateNode('etcd-z')]) })]
    expect(stateNodes(places, listed('a'))).toEqual([stateNode('etcd-a')])
    const plain = [{ id: '1', name: 'etcd-a', peerUrls: ['http://10.0.0.1:2380'] }]
    expect(stateNodes(places, plain)[0]).toMatchObject({ tlsEnabled: false, clientUrls: ['http://10.0.0.1:4001'] })
  })
})

describe('addresses', () => {
  const members = ['a', 'b', 'c'].map(memberOf)
  const nodes = ['a', 'b', 'c'].map((name) => stateNode(`etcd-${name}`))

  test('that are the same are no reason', () => {
    expect(changedAddresses(members, nodes, 3)).toEqual([])
    expect(changedAddresses(members, [], 3)).toEqual([])
  })

  test('one that changed is told, and the others let it in', () => {
    expect(changedAddresses(members, [stateNode('etcd-b', 'elsewhere')], 3)).toEqual(['etcd-b'])
  })

  test('too many that changed are refused with what was and what is, since no quorum finds itself', () => {
    const moved = [stateNode('etcd-a', 'new-a'), stateNode('etcd-b', 'new-b')]
    expect(() => changedAddresses(members, moved, 3)).toThrow(
      expect.objectContaining({
        code: 'PRECONDITION',
        message: expect.stringMatching(/etcd-a was https:\/\/etcd-a\.internal:2380, is https:\/\/new-a\.internal:2380/),
        hint: expect.stringContaining('--method seed-in-place'),
      }),
    )
    // two that are left of three are just enough; one that moved is then one too many
    expect(() => changedAddresses(members.slice(0, 2), [stateNode('etcd-a', 'new-a')], 3)).toThrow(/etcd-a was/)
  })
})

describe('seats', () => {
  const generation = { token: 'old', clusterId: 'cc', size: 3, members: [memberOf('a'), memberOf('b')], missing: ['c'] }
  const all = listed('a', 'b', 'c')

  test("each member sits on its own directory; who lost it takes the lost member's name and id", () => {
    const places = [place('a'), place('b'), place('c', { base: '/mnt/other' })]
    expect(seatsOf(generation, places, all)).toEqual([
      { node: 'a', base: '/mnt/v', name: 'etcd-a', source: '/mnt/v/data-trashcan/old' },
      { node: 'b', base: '/mnt/v', name: 'etcd-b', source: '/mnt/v/data-trashcan/old' },
      { node: 'c', base: '/mnt/other', name: 'etcd-c', lostMemberId: '1c' },
    ])
  })

  test('a node that cannot be reached has none', () => {
    expect(seatsOf(generation, [place('a'), place('b')], all).map(({ node }) => node)).toEqual(['a', 'b'])
  })

  test('of two lost members each node gets its own by name, and none by guessing', () => {
    const two = { ...generation, members: [memberOf('a')], missing: ['b', 'c'] }
    const places = [place('c', { name: 'etcd-c' }), place('b')]
    expect(seatsOf(two, places, all).slice(1)).toEqual([
      { node: 'c', base: '/mnt/v', name: 'etcd-c', lostMemberId: '1c' },
      { node: 'b', base: '/mnt/v', name: 'b' },
    ])
  })
})

test('an etcd that does not read the data is VERSION_MISMATCH, with the next best way', () => {
  const places = [place('a', { installed: ['3.5.30'] })]
  const notes: string[] = []
  const version = (dataVersion: string, of = places) =>
    versionFor(of, { dataVersion, specVersion: '3.5.30' }, (line) => void notes.push(line))
  expect([version('3.5.0'), notes]).toEqual(['3.5.30', []])
  version('3.5.0', [...places, place('b', { installed: [] })])
  expect(notes).toEqual([expect.stringMatching(/^careful: which etcds etcd-manager carries on b could not be told/)])
  expect(() => version('3.6.0')).toThrow(
    expect.objectContaining({ code: 'VERSION_MISMATCH', hint: expect.stringContaining('rebuild-from-trashcan') }),
  )
})
