import { describe, expect, test } from 'vitest'
import { leftBehind } from '../../src/recovery/rejoin.ts'
import { rejoinCommand } from '../../src/steps/support/rejoin-command.ts'

const NODES = ['a', 'b', 'c']
const live = { clusterId: 'good' }
const running = (node: string, clusterId = 'good', token = 'T') => ({
  ...{ node, place: 'data' as const, serving: true, named: true, token, clusterId },
})

describe('who was left behind', () => {
  test('is the node whose etcd-manager goes on with another cluster', () => {
    expect(leftBehind([running('a'), running('b'), running('c', 'empty', 'N')], live, NODES)).toEqual(['c'])
  })

  test('is also one whose state names another directory that nothing runs on, with a cluster of no telling id', () => {
    const { clusterId: _, ...stopped } = { ...running('c', '', 'N'), serving: false }
    expect(leftBehind([running('a'), running('b'), stopped], live, NODES)).toEqual(['c'])
    expect(leftBehind([running('a'), running('b'), { ...stopped, token: 'T' }], live, NODES)).toEqual([])
  })

  test('is nobody who runs the cluster that serves, whatever else lies on the node', () => {
    const trashed = { ...running('c', 'empty', 'N'), place: 'trashcan' as const, serving: false, named: false }
    const stale = { ...running('b', 'older', 'O'), serving: false, named: false }
    expect(leftBehind([running('a'), running('b'), running('c'), trashed, stale], live, NODES)).toEqual([])
  })

  test('is not told where nothing serves, nor of a node of which nothing is known', () => {
    expect(leftBehind([running('a'), running('c', 'empty', 'N')], undefined, NODES)).toEqual([])
    expect(leftBehind([running('a'), running('b')], live, NODES)).toEqual([])
  })

  test('is brought back by a command that names the etcd cluster where it is not main', () => {
    expect(rejoinCommand('c', 'main')).toBe('etcd-rescue run rejoin-member --set node=c')
    expect(rejoinCommand('c', 'events')).toBe('etcd-rescue run rejoin-member --set node=c --etcd-cluster events')
  })
})
