import { type KubeKey, kindOf } from './keys.ts'
import { isIdentity } from './passing.ts'

/** How a key differs: only the recovered copy has it, only the live cluster has it, or both with different values. */
type Difference = 'missing' | 'extra' | 'changed'

/** Why a key may differ between the recovered copy and the live cluster. `why` is short, to be counted by. */
interface Explanation {
  why: string
}

interface Rule extends Explanation {
  /** Only this kind of difference is explained: a node whose status changed is no loss, a node that is gone is one. */
  only?: Difference
  test(kind: KubeKey): boolean
}

/**
 * Keys that a running control plane rewrites or drops by itself, so that a difference between two copies of different times
 * is no loss. The first match wins. All else that differs is a write in between, or damage, and must be shown. A recovery
 * is not verified by this: what it compares is of one moment.
 */
const rules: Rule[] = [
  { why: 'masterleases: addresses of API servers, renewed every few seconds', test: is('masterleases') },
  { why: 'peerserverip: addresses of API servers for each other, renewed all the time', test: is('peerserverip') },
  { why: "node leases: heartbeats of each node's kubelet", test: is('leases', 'kube-node-lease') },
  { why: 'API server identities: renewed while one runs, removed when stale', test: isIdentity },
  // one that is not there is somebody's object that is gone
  { why: 'leases: leader elections, renewed every few seconds', only: 'changed', test: is('leases') },
  { why: 'events: they come and expire', test: is('events') },
  { why: 'nodes: their status, written by each kubelet', only: 'changed', test: is('nodes') },
  { why: 'ranges: allocations that API servers repair every few minutes', only: 'changed', test: is('ranges') },
]

const heartbeats: Record<string, string> = { 'cilium/.heartbeat': "Cilium's heartbeat, written every minute" }

/**
 * Says why this key may differ after a restore, or `undefined` when it must be the same. Without `difference`, only what
 * may differ in every way. etcd-manager restores values exactly and drops all leases (FACTS 4), so what is listed here
 * are writes by programs that ran before the copy or run since.
 */
export function mayDiffer(key: Buffer, difference?: Difference): Explanation | undefined {
  const kind = kindOf(key)
  if (!kind) return heartbeat(key)
  const rule = rules.find(({ only, test }) => (only === undefined || only === difference) && test(kind))
  return rule && { why: rule.why }
}

/**
 * An API server's address under `/registry/masterleases/`. After a restore through etcd-manager these never expire, and
 * the `kubernetes` service then points at API servers that are gone (FACTS 4 and 8).
 */
export function isMasterLease(key: Buffer): boolean {
  return kindOf(key)?.resource === 'masterleases'
}

function is(resource: string, namespace?: string): (kind: KubeKey) => boolean {
  return (kind) => kind.resource === resource && (namespace === undefined || kind.namespace === namespace)
}

function heartbeat(key: Buffer): Explanation | undefined {
  const text = key.toString('latin1', 0, 64)
  const why = Object.hasOwn(heartbeats, text) ? heartbeats[text] : undefined
  return why === undefined ? undefined : { why }
}
