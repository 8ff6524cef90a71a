import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../../errors/rescue-error.ts'
import { leasesRunOut } from './lease-counter.ts'
import { lifetimes, listLeases, renewLeases } from './renew-leases.ts'
import { openRpc, type Rpc } from './rpc.ts'

/** A member that leads alone lets no lease run out sooner than after a second, whatever was left of it. */
const SHORTEST_S = 1
const TICK_MS = 200
const DEADLINE_MS = 10_000
/** A killed process is known to be dead a moment after it has stopped to answer. */
const ENDING_MS = 1000

export interface LeaseKeeper {
  /** Lets go of them; with what is wrong when some ran out all the same: then the copy is no longer what it was. */
  end(): Promise<RescueError | undefined>
}

/**
 * Keeps every lease of a member that was just started from running out, and the keys with it: masterleases live 15 s, and
 * a copy is looked at for minutes. Only renews them, which etcd keeps in memory: the copy does not change. Resolves when
 * all were renewed once and etcd's own count says that none had run out before; rejects with `LEASES_EXPIRED` when one had.
 */
export async function keepLeases(socketPath: string, exited: Promise<void>): Promise<LeaseKeeper> {
  const rpc = await openRpc(`unix:${socketPath}`, undefined, DEADLINE_MS, 'the local etcd')
  const ending = new AbortController()
  exited.then(() => ending.abort())
  try {
    const ids = await listLeases(rpc)
    await renewLeases(rpc, ids)
    const lost = await problem(socketPath)
    if (lost) throw lost
    const kept = keep(rpc, ids, ending.signal)
    return {
      end: async () => {
        const wrong = await problem(socketPath)
        // no answer is in order from one that has ended by itself, and no other
        if (wrong) await Promise.race([exited, sleep(ENDING_MS, undefined, { signal: ending.signal }).catch(() => {})])
        const hasEnded = ending.signal.aborted
        ending.abort()
        rpc.close()
        await kept
        return hasEnded ? undefined : wrong
      },
    }
  } catch (error) {
    rpc.close()
    throw error
  }
}

/** Each lease again when a third of what it has left is over. An attempt that fails is followed by the next. */
async function keep(rpc: Rpc, ids: readonly string[], signal: AbortSignal): Promise<void> {
  const every = new Map(ids.map((id) => [id, (SHORTEST_S * 1000) / 3]))
  const due = new Map<string, number>()
  const learning = lifetimes(rpc, ids, (id, seconds) => every.set(id, (Math.max(seconds, SHORTEST_S) * 1000) / 3))
  learning.catch(() => {})
  while (ids.length > 0 && !signal.aborted) {
    const now = performance.now()
    const these = ids.filter((id) => (due.get(id) ?? 0) <= now)
    await renewLeases(rpc, these).then(
      () => {
        for (const id of these) due.set(id, now + (every.get(id) ?? 0))
      },
      () => {},
    )
    await sleep(TICK_MS, undefined, { signal }).catch(() => {})
  }
  await learning.catch(() => {})
}

async function problem(socketPath: string): Promise<RescueError | undefined> {
  const count = await leasesRunOut(socketPath)
  if (count === 0) return undefined
  const what =
    count === undefined
      ? 'the local etcd does not say whether leases ran out'
      : `${count} leases ran out, with their keys, while the copy was looked at here`
  return new RescueError('LEASES_EXPIRED', what, {
    hint: 'this machine was too slow, or was halted meanwhile; only the working copy changed; type the same again; in a run: etcd-rescue runs resume',
  })
}
