import { describe, expect, it } from 'vitest'
import { isMasterLease, kindOf, mayDiffer } from '../../src/kube/index.ts'

const key = (text: string) => Buffer.from(text)

describe('registry paths', () => {
  it.each([
    ['/registry/pods/kube-system/etcd-a', { resource: 'pods', namespace: 'kube-system', name: 'etcd-a' }],
    ['/registry/namespaces/default', { resource: 'namespaces', name: 'default' }],
    ['/registry/minions/node-1', { resource: 'nodes', name: 'node-1' }],
    ['/registry/services/specs/default/kubernetes', { resource: 'services', namespace: 'default', name: 'kubernetes' }],
    [
      '/registry/services/endpoints/default/kubernetes',
      { resource: 'endpoints', namespace: 'default', name: 'kubernetes' },
    ],
    ['/registry/cilium.io/ciliumnodes/node-1', { resource: 'cilium.io/ciliumnodes', name: 'node-1' }],
    [
      '/registry/cert-manager.io/certificates/web/tls',
      { resource: 'cert-manager.io/certificates', namespace: 'web', name: 'tls' },
    ],
    ['/registry/ranges/serviceips', { resource: 'ranges', name: 'serviceips' }],
    ['/registry/constructor', { resource: 'constructor' }],
  ])('%s', (path, kind) => expect(kindOf(key(path))).toEqual(kind))

  it.each([
    '',
    '/',
    '/registry',
    '/registry/',
    'cilium/state/x',
    `/registry/pods/${'x'.repeat(5000)}`,
    'compact_rev_key',
  ])('is not one: %.30s', (path) => expect(kindOf(key(path))).toBeUndefined())

  it('copes with any bytes', () => {
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.from(Array.from({ length: i % 40 }, (_, n) => (i * 31 + n * 17) & 255))
      expect(() => mayDiffer(Buffer.concat([key('/registry/'), bytes]), 'changed')).not.toThrow()
    }
  })
})

describe('what may differ after a restore', () => {
  it.each([
    ['/registry/masterleases/10.0.0.11', 'masterleases'],
    ['/registry/peerserverip/a', 'peerserverip'],
    ['/registry/leases/kube-node-lease/node-1', 'node leases'],
    ['/registry/leases/kube-system/apiserver-x7', 'API server identities'],
    ['/registry/events/default/pod.17', 'events'],
    ['cilium/.heartbeat', 'Cilium'],
  ])('%s in any way', (path, why) => {
    for (const difference of [undefined, 'missing', 'extra', 'changed'] as const) {
      expect(mayDiffer(key(path), difference)?.why).toContain(why)
    }
  })

  it("a lease may be renewed, and a user's may not be gone", () => {
    expect(mayDiffer(key('/registry/leases/kube-system/kube-scheduler'), 'changed')?.why).toContain('leader elections')
    expect(mayDiffer(key('/registry/leases/default/mine'), 'missing')).toBeUndefined()
    expect(mayDiffer(key('/registry/leases/default/mine'))).toBeUndefined()
  })

  it('a node may change and may not be gone', () => {
    expect(mayDiffer(key('/registry/minions/a'), 'changed')?.why).toContain('nodes')
    expect(mayDiffer(key('/registry/minions/a'), 'missing')).toBeUndefined()
    expect(mayDiffer(key('/registry/minions/a'))).toBeUndefined()
  })

  it.each([
    '/registry/pods/default/web',
    '/registry/secrets/default/token',
    '/registry/configmaps/kube-node-lease/x',
    '/registry/eventsx/default/a',
    '/registry/events.example.com/events/default/a',
    'constructor',
  ])('%s must be the same', (path) => {
    expect(mayDiffer(key(path), 'changed')).toBeUndefined()
  })

  it('knows the masterleases', () => {
    expect(isMasterLease(key('/registry/masterleases/10.0.0.11'))).toBe(true)
    expect(isMasterLease(key('/registry/masterleasesx/10.0.0.11'))).toBe(false)
    expect(isMasterLease(key('/registry/leases/kube-system/a'))).toBe(false)
  })
})
