import { expect, test } from 'vitest'
import { byEtcdCluster } from '../../src/recovery/by-etcd-cluster.ts'

const at = (node: string, path: string, etcdCluster: string) => ({ node, path, etcdCluster })

test('an empty database that says nothing of itself is of the etcd cluster of its volume', () => {
  const copies = [
    at('a', '/mnt/v1/data-trashcan/old', 'events'),
    at('a', '/mnt/v1/data/new', 'unknown'),
    at('a', '/mnt/v2/data/new', 'unknown'),
    at('b', '/mnt/v1/data/new', 'unknown'),
    { etcdCluster: 'main' },
  ]
  const groups = byEtcdCluster(copies)
  expect(groups.get('events')).toEqual(copies.slice(0, 2))
  expect(groups.get('unknown')).toEqual(copies.slice(2, 4))
  expect(groups.get('main')).toEqual(copies.slice(4))
})
