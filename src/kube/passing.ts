import { type KubeKey, kindOf } from './keys.ts'

/** Why a key is gone without a loss, and after how many seconds its lease runs out when nobody renews it. */
export interface Passing {
  why: string
  /** Absent: it has no lease of etcd; an API server removes it when it is stale. */
  leaseSeconds?: number
}

/** API servers renew theirs every few seconds (FACTS 4). */
const ADDRESS_SECONDS = 15
/** Kubernetes' default of `--event-ttl`. */
const EVENT_SECONDS = 3600

const rules: readonly (Passing & { test(kind: KubeKey): boolean })[] = [
  {
    ...{ why: 'masterleases: addresses of API servers, gone 15 s after one stopped', leaseSeconds: ADDRESS_SECONDS },
    test: ({ resource }) => resource === 'masterleases',
  },
  {
    ...{ why: 'peerserverip: addresses of API servers for each other, gone 15 s after one stopped' },
    leaseSeconds: ADDRESS_SECONDS,
    test: ({ resource }) => resource === 'peerserverip',
  },
  {
    ...{ why: 'events: they expire an hour after they were made', leaseSeconds: EVENT_SECONDS },
    test: ({ resource }) => resource === 'events',
  },
  { why: 'API server identities: removed when stale', test: isIdentity },
]

/**
 * Keys that go by themselves in a healthy cluster. Nothing else does: a Node, a user's Lease or a Pod that is missing was
 * deleted by somebody, or lost.
 */
export function passingOf(key: Buffer): Passing | undefined {
  const kind = kindOf(key)
  const rule = kind && rules.find(({ test }) => test(kind))
  return rule && { why: rule.why, ...(rule.leaseSeconds === undefined ? {} : { leaseSeconds: rule.leaseSeconds }) }
}

/** The Lease by which an API server tells the others that it is there. */
export function isIdentity({ resource, namespace, name = '' }: KubeKey): boolean {
  return resource === 'leases' && namespace === 'kube-system' && /^(kube-)?apiserver-/.test(name)
}
