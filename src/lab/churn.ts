import type { Gateway } from './etcd/gateway.ts'
import { putKey } from './etcd/kv.ts'

const KEY = '/registry/configmaps/kube-system/leader-election'
const WRITERS = 16
/** Enough to tell a revision that went on from one that began anew; more only takes time. */
const MOST = 8_000

/**
 * Writes one key again and again, as an elected leader renews its lock every two seconds: in a cluster that has lived,
 * the revision is far beyond the number of keys, so one that begins anew is seen to have fallen.
 */
export async function renewLock(gateway: Gateway, keys: number): Promise<void> {
  let left = Math.min(MOST, keys + 500)
  const writer = async () => {
    while (left > 0) {
      left -= 1
      await putKey(gateway, KEY, '{"kind":"ConfigMap","metadata":{"name":"leader-election"}}')
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}
