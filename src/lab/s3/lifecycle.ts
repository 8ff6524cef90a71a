import type { Bucket } from './bucket.ts'
import type { Buckets } from './buckets.ts'
import { deleteKey } from './object-delete.ts'

/**
 * Removes the current objects that a rule lets expire: older than its days. Returns their names as `bucket/key`.
 * This is how the incident began: a rule with a prefix that also held etcd-manager's control files.
 */
export function runLifecycle(buckets: Buckets, now: number, dayMs: number): string[] {
  return buckets.all().flatMap((bucket) => expire(bucket, now, dayMs))
}

function expire(bucket: Bucket, now: number, dayMs: number): string[] {
  const rules = bucket.settings.lifecycle.filter((rule) => rule.enabled)
  const expired = bucket.keys().filter((key) => {
    const current = bucket.current(key)
    return current && rules.some((r) => key.startsWith(r.prefix) && now - current.modifiedAt >= r.days * dayMs)
  })
  for (const key of expired) deleteKey(bucket, now, key)
  return expired.map((key) => `${bucket.name}/${key}`)
}
