import type { Gateway } from './etcd/gateway.ts'
import { clusterIdNow } from './etcd/kv.ts'
import type { Lab } from './lab.ts'
import { pause, waitFor } from './wait.ts'

/** In seconds; reads are linearizable, and it is enough when one node answers. */
export interface Outage {
  /** From the last read of the cluster that was served at first to the first read of another; undefined when none was. */
  toAnother: number | undefined
  /** Without any read. */
  longest: number
}

export interface OutageWatch {
  stop(): Promise<Outage>
}

const EVERY_MS = 50
const READ_MS = 2_000

/** Reads from every control-plane node all the time, one read after the other, until it is stopped. */
export async function watchOutage(lab: Lab): Promise<OutageWatch> {
  const names = lab.nodes.filter((node) => node.role === 'control-plane').map(({ name }) => name)
  const first = await waitFor('a cluster is served', 60_000, () => anyId(lab, names))
  let stopped = false
  let last = performance.now()
  let next: number | undefined
  let served = last
  let longest = 0

  async function poll(name: string) {
    const gateway = lab.etcd(name)
    while (!stopped) {
      const id = await clusterIdNow(gateway, READ_MS).catch(() => undefined)
      const now = performance.now()
      if (id !== undefined) {
        longest = Math.max(longest, now - served)
        served = now
      }
      if (id === first && next === undefined) last = Math.max(last, now)
      else if (id !== undefined && id !== first) next ??= now
      await pause(EVERY_MS)
    }
    gateway.close()
  }

  const polls = Promise.all(names.map(poll))
  return {
    stop: async () => {
      stopped = true
      await polls
      const toAnother = next === undefined ? undefined : (next - last) / 1000
      return { toAnother, longest: longest / 1000 }
    },
  }
}

async function anyId(lab: Lab, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const gateway: Gateway = lab.etcd(name)
    const id = await clusterIdNow(gateway, READ_MS)
      .catch(() => undefined)
      .finally(gateway.close)
    if (id !== undefined) return id
  }
  return undefined
}
