import type { Gateway } from './etcd/gateway.ts'
import { putKey } from './etcd/kv.ts'
import { grantLease, keysOfLease } from './etcd/lease.ts'
import { objectLike } from './kube-kinds.ts'

/** A lease of the data, with the keys that end with it. */
export interface LabLease {
  /** As etcd's gateway writes it: a decimal string. */
  id: string
  /** Sorted. */
  keys: string[]
}

const LEASES = 5
const KEYS_EACH = 2
/** Longer than any drill, so that none ends by itself. */
const SECONDS = 6 * 3600

/** Leases as API servers make them for events: each with some keys attached. A restore through etcd-manager drops them. */
export async function addLeases(gateway: Gateway): Promise<LabLease[]> {
  return Promise.all(Array.from({ length: LEASES }, (_, at) => addLease(gateway, at)))
}

async function addLease(gateway: Gateway, at: number): Promise<LabLease> {
  const id = await grantLease(gateway, SECONDS)
  const names = Array.from({ length: KEYS_EACH }, (_, n) => `leased-${at}-${n}`)
  for (const name of names) await putKey(gateway, keyOf(name), eventNamed(name), id)
  return { id, keys: names.map(keyOf).sort() }
}

const keyOf = (name: string): string => `/registry/events/drill/${name}`

function eventNamed(name: string): Buffer {
  const uid = `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').slice(-12)}`
  return objectLike('events', { name, namespace: 'drill', uid, createdAt: 1_700_000_000, filling: name })
}

/** How many of these leases are there with exactly their keys. */
export async function countKept(gateway: Gateway, leases: readonly LabLease[]): Promise<number> {
  const found = await Promise.all(leases.map(({ id }) => keysOfLease(gateway, id)))
  return leases.filter(({ keys }, at) => found[at]?.join('\n') === keys.join('\n')).length
}
