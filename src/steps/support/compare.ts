import { createKvDigest } from '../../digest/index.ts'
import { mayDiffer } from '../../kube/index.ts'
import type { EtcdClient, KeyValue } from '../../ports/etcd.ts'

export interface Comparison {
  /** Keys of the copy that must be the same in the live cluster. */
  keysExpected: number
  /** How many of them are there with the same value. */
  keysFound: number
  digestMatches: boolean
  /** Keys that differ and may, counted by reason. */
  explained: Record<string, number>
  /** The first few keys that differ and may not: names only, never values. */
  unexplained: { key: string; what: 'missing' | 'changed' | 'added' }[]
  unexplainedCount: number
}

interface CompareOptions {
  /** The revision at which the live cluster had all of the copy; what it wrote later may differ. */
  restoredRevision: number
  /** Read the copy, and the live cluster, as of these revisions; default: as they are now. */
  copyRevision?: number | undefined
  liveRevision?: number | undefined
  signal: AbortSignal
  onKeys?: (done: number) => void
}

const SHOWN = 20

/**
 * Walks both key spaces side by side, in key order and bounded memory, and compares every key and value. The digest on
 * each side is over the keys that must be the same.
 */
export async function compareClients(copy: EtcdClient, live: EtcdClient, options: CompareOptions): Promise<Comparison> {
  const tally = newTally(options.restoredRevision)
  const left = read(copy, options.copyRevision, options.signal)
  const right = read(live, options.liveRevision, options.signal)
  let [a, b] = await Promise.all([left.next(), right.next()])
  let seen = 0
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : Buffer.compare(a.value.key, b.value.key)
    tally.pair(order <= 0 ? a.value : undefined, order >= 0 ? b.value : undefined)
    if (order <= 0) a = await left.next()
    if (order >= 0) b = await right.next()
    if (++seen % 5000 === 0) options.onKeys?.(seen)
  }
  return tally.result()
}

function read(client: EtcdClient, revision: number | undefined, signal: AbortSignal) {
  return client.range({ signal, ...(revision === undefined ? {} : { revision }) })[Symbol.asyncIterator]()
}

function newTally(restoredRevision: number) {
  const copied = createKvDigest()
  const lived = createKvDigest()
  const explained: Record<string, number> = {}
  const unexplained: Comparison['unexplained'] = []
  let counts = { expected: 0, found: 0, unexplained: 0 }

  function differs(key: Buffer, what: 'missing' | 'changed' | 'added', live: KeyValue | undefined) {
    const why =
      mayDiffer(key, what === 'added' ? 'extra' : what)?.why ??
      (live && live.modRevision > restoredRevision ? 'written since the restore' : undefined)
    if (why) {
      explained[why] = (explained[why] ?? 0) + 1
      return
    }
    counts = { ...counts, unexplained: counts.unexplained + 1 }
    if (unexplained.length < SHOWN) unexplained.push({ key: key.toString('utf8'), what })
    if (what !== 'added') counts.expected++
  }

  function same(a: KeyValue, b: KeyValue) {
    counts.expected++
    counts.found++
    copied.add(a.key, a.value)
    lived.add(b.key, b.value)
  }

  return {
    pair(a: KeyValue | undefined, b: KeyValue | undefined) {
      if (a && b && a.value.equals(b.value)) return same(a, b)
      const key = a?.key ?? b?.key
      if (!key) return
      differs(key, a && b ? 'changed' : a ? 'missing' : 'added', b)
      // A key that differs without a reason belongs to both digests as it is, so that they differ as well.
      if (counts.unexplained === 0) return
      if (a) copied.add(a.key, a.value)
      if (b) lived.add(b.key, b.value)
    },
    result(): Comparison {
      const digestMatches = counts.unexplained === 0 && copied.result().digest === lived.result().digest
      return {
        keysExpected: counts.expected,
        keysFound: counts.found,
        digestMatches,
        explained,
        unexplained,
        unexplainedCount: counts.unexplained,
      }
    },
  }
}
