import { expect, test } from 'vitest'
import type { EtcdMember } from '../../../src/bolt/index.ts'
import { foreignCluster } from '../../../src/steps/support/foreign.ts'
import { rankCopies } from '../../../src/steps/support/rank.ts'
import { reasons } from '../../../src/steps/support/why.ts'
import { copyOf } from './step.ts'

const full = { clusterId: 'aa', members: ['1', '2', '3'], recordsKept: 5000, walTerm: 3 }
const best = copyOf({ ...full, id: 'a:old', walIndex: 1000, revision: 900 })
const lagging = copyOf({ ...full, id: 'b:old', walIndex: 990, revision: 895 })
const equal = copyOf({ ...full, id: 'c:old', walIndex: 1000, revision: 890 })
const empty = copyOf({ id: 'a:mid', clusterId: 'bb', members: ['7'], recordsKept: 12, revision: 13, walTerm: 2 })
const serving = copyOf({ ...empty, id: 'a:new', clusterId: 'cc', members: ['8'], serving: true })
/** A backup: no WAL, no cluster id, no token; known by a member that it shares. */
const { clusterId: _c, walTerm: _t, walIndex: _i, token: _o, ...plain } = best
const backup = {
  ...plain,
  id: 's3://b/1',
  members: ['3', '4'],
  recordsKept: 4000,
  term: 3,
  consistentIndex: 700,
  revision: 600,
}
const newest = { ...plain, id: 's3://b/2', members: ['8'], recordsKept: 12, term: 2, consistentIndex: 20, revision: 13 }

test('copies of one cluster are ranked by how far they reach, a backup among them, and each says why', () => {
  const ranked = rankCopies([newest, serving, backup, empty, lagging, equal, best])
  const why = reasons(ranked)
  expect(ranked.map((copy) => [copy.id, why.get(copy)])).toEqual([
    ['a:old', 'best: its cluster holds most, and its log reaches furthest'],
    ['c:old', 'the same cluster, and its log reaches as far as the best'],
    ['b:old', 'the same cluster, 10 log entries behind the best'],
    ['s3://b/1', 'the same cluster, 300 log entries behind the best'],
    ['a:mid', 'nearly empty: a cluster that was seeded after the loss'],
    ['s3://b/2', 'of the cluster that runs now, which holds less'],
    ['a:new', 'what the cluster runs now: nearly empty, seeded after the loss'],
  ])
})

test('a rival, a foreign and an unusable copy are called what they are, and a healthy cluster needs nothing', () => {
  const rival = copyOf({ id: 'b:other', clusterId: 'dd', members: ['9'], recordsKept: 4500, revision: 4000 })
  const foreign = copyOf({
    ...full,
    id: 'c:prod',
    clusterId: 'ee',
    members: ['5'],
    recordsKept: 99_000,
    foreign: 'prod.example.com',
  })
  const broken = copyOf({ id: 'c:torn', revision: undefined, findings: ['unusable: page 3: it is torn'] })
  const why = reasons([best, rival, foreign, broken])
  expect([...why.values()]).toEqual([
    'best: its cluster holds most',
    'another cluster, that holds about as much: a person must say which is right',
    'belongs to another Kubernetes cluster: prod.example.com',
    'unusable: page 3: it is torn',
  ])
  const healthy = ['a', 'b'].map((node) => copyOf({ ...full, id: `${node}:old`, serving: true }))
  expect(new Set(reasons(healthy).values())).toEqual(new Set(['what the cluster runs now']))
  expect([...reasons(healthy.slice(1)).values()]).toEqual(['best; an etcd runs on it alone, and serves nobody'])
})

test('whose members they are is read from the names that kOps gives them', () => {
  const member = (...peerUrls: string[]): EtcdMember => ({ id: '1', name: 'etcd-a', peerUrls, clientUrls: [] })
  const ours = 'staging.example.com'
  expect(foreignCluster([member('https://etcd-a.internal.prod.example.com:2380')], ours)).toBe('prod.example.com')
  expect(foreignCluster([member('https://etcd-a.internal.staging.example.com:2380')], ours)).toBeUndefined()
  expect(foreignCluster([member('https://10.0.0.1:2380'), member('nonsense')], ours)).toBeUndefined()
})
