import { allKeys, countKeys, currentRevision, type Pair } from './etcd/kv.ts'
import type { Lab } from './lab.ts'
import { newTally, type Tally } from './tally.ts'

/** Rewritten all the time by the API servers, so never part of what must come back. */
export const VOLATILE = ['/registry/masterleases/', '/registry/leases/'] as const

export const isVolatile = (key: string): boolean => VOLATILE.some((prefix) => key.startsWith(prefix))

/** What the cluster serves now, without the volatile keys and without those to ignore. */
export async function measure(lab: Lab, ignore: ReadonlySet<string> = new Set()): Promise<Tally> {
  return tallyServed(lab, ignore, () => undefined)
}

/** The same, and shows each pair that it counts. */
export async function tallyServed(lab: Lab, ignore: ReadonlySet<string>, see: (pair: Pair) => void): Promise<Tally> {
  const tally = newTally()
  const gateway = lab.etcd()
  try {
    for await (const pair of allKeys(gateway, '')) {
      const name = pair.key.toString('utf8')
      if (isVolatile(name) || ignore.has(name)) continue
      tally.add(pair.key, pair.value)
      see(pair)
    }
    return tally.result()
  } finally {
    gateway.close()
  }
}

/** How many keys the cluster serves, without the volatile ones. */
export async function countServed(lab: Lab): Promise<number> {
  const gateway = lab.etcd()
  try {
    // all at one revision: API servers write meanwhile
    const revision = await currentRevision(gateway)
    const counts = await Promise.all(['', ...VOLATILE].map((prefix) => countKeys(gateway, prefix, revision)))
    const [all = 0, ...volatile] = counts
    return volatile.reduce((left, count) => left - count, all)
  } finally {
    gateway.close()
  }
}
