import type { EtcdClient, KeyValue } from '../../ports/etcd.ts'
import { count, many } from '../../words/numbers.ts'
import { compareClients } from './compare.ts'
import { nothingExcused } from './excuses.ts'
import { isCompaction } from './readable.ts'

/** `unknown` is not the same: it could not be compared, and `why` says so. */
export type Sameness = { is: 'same' } | { is: 'differs' | 'unknown'; why: string }

const NAMED = 3

/**
 * Whether two members hold the same at a revision that both have. etcd's own hash tells in a moment where both have compacted
 * as much; otherwise, and before one is called different, every key is compared with its revisions and its lease.
 */
export async function sameAt(
  one: EtcdClient,
  other: EtcdClient,
  revision: number,
  signal: AbortSignal,
): Promise<Sameness> {
  try {
    if (await hasSameHash(one, other, revision)) return { is: 'same' }
    const at = { copyRevision: revision, liveRevision: revision, excuse: nothingExcused, isSame: isEqual, signal }
    const { unexplained, unexplainedCount } = await compareClients(one, other, at)
    if (unexplainedCount === 0) return { is: 'same' }
    const names = unexplained.slice(0, NAMED).map(({ key, what }) => `${JSON.stringify(key.slice(0, 300))} ${what}`)
    return {
      is: 'differs',
      why: `${many(unexplainedCount, 'key differs', 'keys differ')} at revision ${count(revision)}: ${names.join(', ')}`,
    }
  } catch (error) {
    if (!isCompaction(error)) throw error
    return { is: 'unknown', why: `revision ${count(revision)}, the last that both have, is compacted in one of them` }
  }
}

async function hasSameHash(one: EtcdClient, other: EtcdClient, revision: number): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([one.hashKv(revision), other.hashKv(revision)])
    return a.hash === b.hash && a.compactRevision === b.compactRevision
  } catch (error) {
    // a hash of the very revision that is compacted is refused by etcd 3.4, and its keys are not
    if (!isCompaction(error)) throw error
    return false
  }
}

const isEqual = (a: KeyValue, b: KeyValue): boolean =>
  a.value.equals(b.value) &&
  a.modRevision === b.modRevision &&
  a.createRevision === b.createRevision &&
  a.version === b.version &&
  a.lease === b.lease
