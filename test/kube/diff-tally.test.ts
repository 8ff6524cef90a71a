import { expect, test } from 'vitest'
import { DiffTally } from '../../src/kube/index.ts'
import { kubeValue, message, text } from '../../src/lab/kube-value.ts'

const pair = (key: string, value: Buffer | string = 'x') => ({ key: Buffer.from(key), value: Buffer.from(value) })

function podOn(node: string): Buffer {
  return kubeValue({
    ...{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', createdAt: 1_700_000_000 },
    content: (writer) => message(writer, 2, () => text(writer, 10, node)),
  })
}

test('counts by kind and namespace, names phantoms by node, and says what is no loss', () => {
  const tally = new DiffTally(10)
  tally.take('only-b', pair('/registry/pods/web/a', podOn('node-1')))
  tally.take('only-b', pair('/registry/pods/web/b', podOn('node-1')))
  tally.take('only-a', pair('/registry/pods/web/c', podOn('node-1')))
  tally.take('changed', pair('/registry/minions/node-1'))
  tally.take('only-a', pair('/registry/minions/node-2'))
  tally.take('only-b', pair('/registry/events/web/e'))
  tally.take('only-a', pair(Buffer.from([0xff, 0x2f, 0x00]).toString('latin1')))
  expect(tally.totals).toEqual({ comesBack: 3, isLost: 3, changes: 1 })
  expect(tally.kinds()[0]).toEqual({ resource: 'pods', namespace: 'web', comesBack: 2, isLost: 1, changes: 0 })
  expect(tally.phantoms).toEqual({ count: 2, nodes: { 'node-1': 2 } })
  const expected = Object.entries(tally.expected).map(([why, keys]) => [why.split(':')[0], keys])
  expect(expected).toEqual([
    ['nodes', 1],
    ['events', 1],
  ])
  expect(tally.objects[0]).toEqual({
    ...{ what: 'comes-back', key: '/registry/pods/web/a', resource: 'pods', namespace: 'web', name: 'a' },
    createdAt: '2023-11-14T22:13:20Z',
  })
})

test('stays bounded, whatever the keys are', () => {
  const tally = new DiffTally(3)
  for (let at = 0; at < 20_000; at++) tally.take('only-b', pair(`/registry/kind-${at}/x`))
  for (const node of ['__proto__', 'constructor']) tally.take('only-b', pair('/registry/pods/a/b', podOn(node)))
  const kinds = tally.kinds()
  expect(kinds.length).toBeLessThanOrEqual(5001)
  expect(kinds[0]).toMatchObject({ resource: '(others)' })
  expect(kinds.reduce((sum, kind) => sum + kind.comesBack, 0)).toBe(20_002)
  expect(tally.objects).toHaveLength(3)
  expect(tally.objectsLeftOut).toBe(19_999)
  expect(tally.phantoms.count).toBe(2)
})
