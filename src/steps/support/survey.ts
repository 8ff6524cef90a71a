import type { World } from '../../ports/world.ts'
import type { Copy } from '../facts.ts'
import { type Running, runningCluster } from './running.ts'

/** What the cluster serves now. */
export interface LiveNow {
  clusterId: string
  /** Ids of its members. */
  members: string[]
  keys: number
  revision: number
}

/** What runs now, by what answers and by what was found on the nodes. */
export interface Survey {
  running: Running
  /** Absent when nothing answers: what may be served then is not known, and not nothing. */
  live?: LiveNow
}

export async function survey(world: World, copies: readonly Copy[]): Promise<Survey> {
  const live = await liveNow(world)
  return { running: runningCluster(copies, live), ...(live === undefined ? {} : { live }) }
}

/** Undefined when it does not answer. */
export async function liveNow(world: World): Promise<LiveNow | undefined> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      const [keys, { clusterId, revision }, members] = await Promise.all([
        client.count(),
        client.status(),
        client.members(),
      ])
      return { clusterId, members: members.map(({ id }) => id), keys, revision }
    } finally {
      await client.close()
    }
  } catch {
    return undefined
  }
}
