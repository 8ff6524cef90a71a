import { createKvDigest } from '../../digest/index.ts'
import type { EtcdClient, KeyValue } from '../../ports/etcd.ts'
import type { Different, Excuse } from './excuses.ts'

export interface Comparison {
  /** Keys of the copy that must be the same in the live cluster. */
  keysExpected: number
  /** How many of them are there with the same value. */
  keysFound: number
  digestMatches: boolean
  /** Keys that differ and may, counted by reason. */
  explained: Record<string, number>
  /** The first few keys that differ and may not: names only, never values. */
  unexplained: { key: string; what: Different['what'] }[]
  unexplainedCount: number
}

interface CompareOptions {
  /** Both sides are read as of a revision, so that what is written meanwhile changes nothing. */
  copyRevision: number
  liveRevision: number
  excuse: Excuse
  /** Default: equal values. */
  isSame?: (a: KeyValue, b: KeyValue) => boolean
  signal: AbortSignal
  onKeys?: (done: number) => void
}

const SHOWN = 20

/**
 * Walks both key spaces side by side, in key order and bounded memory, and compares every key and value. The digest on
 * each side is over the keys that must be the same. Where the copy has keys and none of them was found, nothing matches.
 */
export async function compareClients(copy: EtcdClient, live: EtcdClient, options: CompareOptions): Promise<Comparison> {
  const { copyRevision, liveRevision, excuse, isSame = hasSameValue, signal } = options
  const tally = newTally(excuse, isSame)
  const left = copy.range({ signal, revision: copyRevision })[Symbol.asyncIterator]()
  const right = live.range({ signal, revision: liveRevision })[Symbol.asyncIterator]()
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

const hasSameValue = (a: KeyValue, b: KeyValue) => a.value.equals(b.value)

function newTally(excuse: Excuse, isSame: typeof hasSameValue) {
  const copied = createKvDigest()
  const lived = createKvDigest()
  const explained: Record<string, number> = {}
  const unexplained: Comparison['unexplained'] = []
  const counts = { ofCopy: 0, expected: 0, found: 0, unexplained: 0 }

  function same(a: KeyValue, b: KeyValue) {
    counts.expected++
    counts.found++
    copied.add(a.key, a.value)
    lived.add(b.key, b.value)
  }

  function differs(different: Different) {
    const { key, what, copy: a, live: b } = different
    const why = excuse(different)
    if (why !== undefined) {
      explained[why] = (explained[why] ?? 0) + 1
      return
    }
    counts.unexplained++
    if (what !== 'added') counts.expected++
    if (unexplained.length < SHOWN) unexplained.push({ key: key.toString('utf8'), what })
    // it belongs to both digests as it is, so that they differ as well
    if (a) copied.add(a.key, a.value)
    if (b) lived.add(b.key, b.value)
  }

  return {
    pair(a: KeyValue | undefined, b: KeyValue | undefined) {
      if (a) counts.ofCopy++
      if (a && b && isSame(a, b)) return same(a, b)
      const key = a?.key ?? b?.key
      if (key) differs({ key, what: a && b ? 'changed' : a ? 'missing' : 'added', copy: a, live: b })
    },
    result(): Comparison {
      const isEmpty = counts.ofCopy > 0 && counts.found === 0
      return {
        keysExpected: counts.expected,
        keysFound: counts.found,
        digestMatches: !isEmpty && counts.unexplained === 0 && copied.result().digest === lived.result().digest,
        explained,
        unexplained,
        unexplainedCount: counts.unexplained,
      }
    },
  }
}
