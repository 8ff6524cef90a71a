import type { RecoveryCopy } from '../../src/recovery/copies.ts'
import { proposeMethods, type Situation } from '../../src/recovery/propose.ts'

export const NOW = new Date('2024-03-21T13:30:00Z')
const AT = '2024-03-21T13:00:00Z'
const members = ['1a', '1b', '1c']

/** A member of the lost cluster: 490,000 records, 1 GB, 98 writes more in its WAL. */
export function lost(node: string, over: Partial<RecoveryCopy> = {}): RecoveryCopy {
  return {
    id: `${node}:old`,
    node,
    token: 'old',
    path: '/mnt/v/data-trashcan/old',
    place: 'trashcan',
    serving: false,
    clusterId: 'cc',
    memberId: `1${node}`,
    member: `etcd-${node}`,
    peerUrls: [`https://${node}:2380`],
    members,
    revision: 4903,
    walWrites: 98,
    walTerm: 3,
    walIndex: 5100,
    recordsKept: 490_000,
    sizeBytes: 1e9,
    walBytes: 320e6,
    at: AT,
    ...over,
  }
}

/** What the nodes run after the incident. */
export function seeded(node: string, over: Partial<RecoveryCopy> = {}): RecoveryCopy {
  const empty = {
    token: 'new',
    path: '/mnt/v/data/new',
    clusterId: 'ff',
    memberId: `2${node}`,
    members: ['2a', '2b', '2c'],
  }
  const holds = { place: 'data', serving: true, revision: 40, walWrites: 0, walIndex: 50, recordsKept: 30 } as const
  return lost(node, { id: `${node}:new`, ...empty, ...holds, ...over })
}

export function backup(name: string, over: Partial<RecoveryCopy> = {}): RecoveryCopy {
  const id = `s3://store/main/${name}`
  const { node: _n, token: _t, path: _p, clusterId: _c, walIndex: _i, walTerm: _w, ...content } = lost('a')
  const own = { revision: 4800, walWrites: 0, term: 3, consistentIndex: 5000, at: `${name.slice(0, 19)}Z` }
  return { ...content, id, backup: name, place: 'backup', walBytes: 0, ...own, ...over }
}

export const emptyBackup = (name: string) =>
  backup(name, { members: ['2a', '2b', '2c'], revision: 20, consistentIndex: 30, recordsKept: 20 })

export const live = { keys: 30, clusterId: 'ff', members: ['2a', '2b', '2c'], revision: 40 }
export const running = ['a', 'b', 'c'].map((node) => seeded(node))
export const trashed = ['a', 'b', 'c'].map((node) => lost(node))

export function propose(copies: readonly RecoveryCopy[], over: Partial<Situation> = {}) {
  return proposeMethods({ etcdCluster: 'main', copies, live, nodes: ['a', 'b', 'c'], now: NOW, ...over })
}

/** Which ways are possible, and the reason of those that are not. */
export function ways(copies: readonly RecoveryCopy[], over: Partial<Situation> = {}) {
  const { proposals } = propose(copies, over)
  return Object.fromEntries(proposals.map(({ method, possible, why }) => [method, possible ? true : why]))
}
