import { type Config, requireNodes, toTarget } from '../../config/index.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { byEtcdCluster } from '../../recovery/by-etcd-cluster.ts'
import type { RecoveryCopy } from '../../recovery/copies.ts'
import { bestCopy } from '../../steps/support/rank.ts'
import { foundInStore } from '../scan/backups.ts'
import type { Found } from '../scan/found.ts'
import { foundOnNodes } from '../scan/nodes.ts'
import type { Session } from '../session.ts'
import { lazyNodes } from '../sources/nodes.ts'
import { transferRate } from './rate.ts'
import { type Served, servedNow } from './served.ts'

/** All that can be found out about the etcd clusters of the configuration before anything is chosen. */
export interface Gathered {
  etcdClusters: Map<string, OfCluster>
  bytesPerSecond: number | undefined
}

export interface OfCluster {
  copies: RecoveryCopy[]
  live: Served | undefined
  /** Why its backup store could not be read. */
  storeError?: RescueError
}

export interface Room {
  session: Session
  config: Config
  scratch: Scratch
  signal: AbortSignal
}

/** As many as `scan` looks into. */
const BACKUPS = 5

/** Looks at every copy on all nodes and in the stores of these etcd clusters. Only reads. */
export async function gather(room: Room, names: readonly string[]): Promise<Gathered> {
  const { session, config, signal } = room
  const [first = 'main'] = names
  const target = requireNodes(toTarget(config, first))
  const note = (line: string) => session.screen.listen({ type: 'note', step: '', line })
  const nodes = lazyNodes(session, config, { etcdCluster: first, signal })
  try {
    const { controlPlane } = await nodes.all()
    const stores = Promise.all(names.map(async (name) => [name, await inStore(name, room)] as const))
    stores.catch(() => {})
    const onNodes = await foundOnNodes(controlPlane, target, { note, signal })
    const groups = byEtcdCluster(onNodes.map(toCopy))
    const answering = controlPlane.filter(({ name }) => onNodes.some(({ value }) => value.node === name))
    const etcdClusters = new Map<string, OfCluster>()
    for (const [name, store] of await stores)
      etcdClusters.set(name, await ofCluster(name, ofMain(groups, name), store, answering))
    const probed = bestCopy([...etcdClusters.values()].flatMap(({ copies }) => copies).filter(({ node }) => node))
    return { etcdClusters, bytesPerSecond: await transferRate(answering, probed, signal) }
  } finally {
    await nodes.close()
  }
}

/** A copy that nothing tells the etcd cluster of is main's to look at, as in the steps. */
function ofMain(groups: Map<string, Placed[]>, name: string): Placed[] {
  return [...(groups.get(name) ?? []), ...(name === 'main' ? (groups.get('unknown') ?? []) : [])]
}

type Placed = RecoveryCopy & { etcdCluster: string }

async function ofCluster(
  name: string,
  onNodes: readonly RecoveryCopy[],
  store: Found[] | RescueError,
  hosts: readonly RemoteHost[],
): Promise<OfCluster> {
  const live = await servedNow(hosts, name)
  if (store instanceof RescueError) return { copies: [...onNodes], live, storeError: store }
  return { copies: [...onNodes, ...store.map(toCopy)], live }
}

async function inStore(name: string, room: Room): Promise<Found[] | RescueError> {
  try {
    return (await foundInStore(name, { ...room, options: { backups: BACKUPS } })).found
  } catch (error) {
    if (room.signal.aborted) throw error
    return toRescueError(error)
  }
}

function toCopy({ value, findings: _, ...rankable }: Found): Placed {
  const { etcdCluster, place, node, path, backup, memberId, sizeBytes, walBytes, walWrites, at } = value
  const where = node === undefined ? {} : { node, path }
  return { ...rankable, ...where, etcdCluster, place, backup, memberId, sizeBytes, walBytes, walWrites, at }
}
