import type { Gateway } from './etcd/gateway.ts'
import { clusterIdNow } from './etcd/kv.ts'
import type { Lab } from './lab.ts'
import { pause, waitFor } from './wait.ts'

export interface OutageWatch {
  /**
   * Ends the watch. Seconds from the last linearizable read of the cluster that was served when it began to the first one
   * of another cluster; undefined when no other was ever served.
   */
  stop(): Promise<number | undefined>
  /** Resolves when another cluster than at the beginning is served. */
  recovered(timeoutMs: number): Promise<void>
}

const EVERY_MS = 25
const READ_MS = 2_000

/** Reads from every control-plane node all the time, one read after the other, until it is stopped. */
export async function watchOutage(lab: Lab): Promise<OutageWatch> {
  const names = lab.nodes.filter((node) => node.role === 'control-plane').map(({ name }) => name)
  const first = await waitFor('a cluster is served', 60_000, () => anyId(lab, names))
  let stopped = false
  let last = performance.now()
  let next: number | undefined

  async function poll(name: string) {
    const gateway = lab.etcd(name)
    while (!stopped) {
      const id = await clusterIdNow(gateway, READ_MS).catch(() => undefined)
      const now = performance.now()
      if (id === first && next === undefined) last = Math.max(last, now)
      else if (id !== undefined && id !== first) next ??= now
      await pause(EVERY_MS)
    }
    gateway.close()
  }

  const polls = Promise.all(names.map(poll))
  return {
    recovered: (timeoutMs) => waitFor('another cluster is served', timeoutMs, async () => next).then(() => undefined),
    stop: async () => {
      stopped = true
      await polls
      return next === undefined ? undefined : (next - last) / 1000
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
