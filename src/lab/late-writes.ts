import { type Pair, putKey } from './etcd/kv.ts'
import { objectLike } from './kube-kinds.ts'
import type { Lab } from './lab.ts'
import { pause } from './wait.ts'

export interface LateWrites {
  /** Writes that etcd acknowledged: these must come back, though the database file alone lacks the last of them. */
  acknowledged: Pair[]
  /** The highest revision that was acknowledged. */
  revision: number
  /** Keys whose write was under way at the kill: whether they come back is open, and both is right. */
  uncertain: string[]
}

const WRITERS = 2
const EVERY_MS = 4
const TIMEOUT_MS = 5_000

/** Writes small keys one after the other until etcd is killed under it (FACTS 2: 10 of 10 were only in the WAL). */
export async function writeUntilKilled(lab: Lab, signal: AbortSignal): Promise<LateWrites> {
  const writes: LateWrites = { acknowledged: [], revision: 0, uncertain: [] }
  await Promise.all(Array.from({ length: WRITERS }, (_, i) => writer(lab, i, writes, signal)))
  return writes
}

async function writer(lab: Lab, id: number, writes: LateWrites, signal: AbortSignal): Promise<void> {
  const gateway = lab.etcd()
  try {
    for (let n = 0; !signal.aborted; n++) {
      const key = `/registry/configmaps/drill/late-${id}-${n}`
      const now = new Date()
      const made = { name: `late-${id}-${n}`, namespace: 'drill', createdAt: Math.floor(now.getTime() / 1000) }
      const value = objectLike('configmaps', { ...made, uid: `late-${id}-${n}`, filling: now.toISOString() })
      const done = await Promise.race([attempt(putKey(gateway, key, value)), pause(TIMEOUT_MS).then(() => undefined)])
      if (done === undefined) {
        writes.uncertain.push(key)
        return
      }
      writes.revision = Math.max(writes.revision, done)
      writes.acknowledged.push({ key: Buffer.from(key), value })
      await pause(EVERY_MS)
    }
  } finally {
    gateway.close()
  }
}

const attempt = (write: Promise<number>): Promise<number | undefined> => write.catch(() => undefined)
