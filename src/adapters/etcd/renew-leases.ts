import type { ServiceError } from '@grpc/grpc-js'
import type { Rpc } from './rpc.ts'
import { explainRpcError } from './rpc-errors.ts'

interface Lease {
  ID: string
}

const DEADLINE_MS = 30_000
/** Questions that wait for their answers together. */
const TOGETHER = 32

/** The ids of all leases, as decimal strings. */
export async function listLeases(rpc: Rpc): Promise<string[]> {
  const { leases } = await rpc.call<{ leases: Lease[] }>('Lease', 'leaseLeases', {})
  return leases.map(({ ID }) => ID)
}

/** Renews these leases. Nothing of it is written down, and no revision comes of it. Rejects with a `RescueError`. */
export async function renewLeases(rpc: Rpc, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const stream = await rpc.duplex<Lease, Lease>('Lease', 'leaseKeepAlive')
  const timer = setTimeout(() => stream.cancel(), DEADLINE_MS)
  try {
    for (const ID of ids) stream.write({ ID })
    // etcd ends its side when it has answered all
    stream.end()
    for await (const _answer of stream);
  } catch (error) {
    throw explainRpcError(error as ServiceError, rpc.endpoint)
  } finally {
    clearTimeout(timer)
    stream.cancel()
  }
}

/** How many seconds each of these leases has left, to `tell`, one after the other. A lease that is gone has -1. */
export async function lifetimes(
  rpc: Rpc,
  ids: readonly string[],
  tell: (id: string, seconds: number) => void,
): Promise<void> {
  const queue = [...ids]
  const ask = async () => {
    for (let ID = queue.pop(); ID !== undefined; ID = queue.pop()) {
      const { TTL } = await rpc.call<{ TTL: string }>('Lease', 'leaseTimeToLive', { ID })
      tell(ID, Number(TTL))
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, ask))
}
