import { isPlausible, mayDiffer, passingOf } from '../../kube/index.ts'
import type { KeyValue } from '../../ports/etcd.ts'

/** One key that is not the same on both sides. */
export interface Different {
  key: Buffer
  what: 'missing' | 'changed' | 'added'
  /** As the copy has it; absent when only the live cluster does. */
  copy?: KeyValue | undefined
  live?: KeyValue | undefined
}

/** Why a difference is no loss, to be counted by; undefined when it is one. */
export type Excuse = (different: Different) => string | undefined

/** Both sides are read as of one moment: what differs is not what was recovered. */
export const nothingExcused: Excuse = () => undefined

/**
 * etcd-manager's restore runs an etcd on the backup and reads it a page at a time, at no fixed revision, while it puts key
 * by key (its etcdclient.CopyTo): what has a lease that runs out within that time is not copied. `seconds`: how
 * long the restore took at most.
 */
export const ranOutMeanwhile =
  (seconds: number): Excuse =>
  ({ key, what, copy }) => {
    const { leaseSeconds = Number.POSITIVE_INFINITY } = passingOf(key) ?? {}
    if (what !== 'missing' || copy === undefined || copy.lease === '0' || leaseSeconds > seconds) return undefined
    return 'their lease ran out while etcd-manager read the backup, key by key'
  }

/**
 * For a cluster of which the recovered revision is compacted: it can only be read as it is now, with all that was written
 * since. What was written since is seen by its revision, and must still be such an object; what is missing was deleted
 * since or lost, which nobody can tell, so only what goes by itself may be.
 */
export const sinceThen =
  (revision: number): Excuse =>
  ({ key, what, copy, live }) => {
    if (what === 'missing') return wentByItself(key, copy)
    if (live === undefined || live.modRevision <= revision) return undefined
    const isNew = live.createRevision > revision
    if (copy !== undefined && !isPlausible(copy.value, live.value, { isNew })) return undefined
    return mayDiffer(key, what === 'added' ? 'extra' : what)?.why ?? 'written since the restore'
  }

function wentByItself(key: Buffer, copy: KeyValue | undefined): string | undefined {
  const passing = passingOf(key)
  const hasLease = copy !== undefined && copy.lease !== '0'
  return passing !== undefined && (passing.leaseSeconds === undefined || hasLease) ? passing.why : undefined
}
