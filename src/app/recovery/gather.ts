import { type Config, requireNodes, toTarget } from '../../config/index.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Scratch } from '../../ports/scratch.ts'
import { byEtcdCluster } from '../../recovery/by-etcd-cluster.ts'
import type { RecoveryCopy } from '../../recovery/copies.ts'
import type { Unsearched } from '../../steps/facts.ts'
import { apiServerHosts, noneServes } from '../../steps/support/api-servers.ts'
import { knownSeats } from '../../steps/support/known-seats.ts'
import { bestCopy } from '../../steps/support/rank.ts'
import type { KnownSeats } from '../../steps/support/seat-seen.ts'
import { sessionPrompter } from '../prompter.ts'
import { foundInStore } from '../scan/backups.ts'
import type { Found } from '../scan/found.ts'
import { foundOnNodes } from '../scan/nodes.ts'
import type { Session } from '../session.ts'
import { lazyNodes } from '../sources/nodes.ts'
import { whyNoLock } from './no-lock.ts'
import { transferRate } from './rate.ts'
import { type Served, servedNow } from './served.ts'

/** All that can be found out about the etcd clusters of the configuration before anything is chosen. */
export interface Gathered {
  etcdClusters: Map<string, OfCluster>
  /** Nodes, and places on them, that could not be searched: copies of any etcd cluster may lie there. */
  unsearched: Unsearched[]
  bytesPerSecond: number | undefined
  /** Whether the API servers are stopped already, by an earlier run. False where that could not be told, or nobody asks. */
  fenced: boolean
}

export interface OfCluster {
  copies: RecoveryCopy[]
  live: Served | undefined
  /** Which volume each node's etcd-manager uses. */
  seats?: KnownSeats
  /** Why its backup store could not be read. */
  storeError?: RescueError
  /** Why no run could take its lock there, though the store was listed. */
  lockError?: RescueError
}

export interface Room {
  session: Session
  config: Config
  scratch: Scratch
  signal: AbortSignal
}

/** By etcd cluster and node, the volume that the operator said its etcd-manager uses. */
export type SaidSeats = ReadonlyMap<string, ReadonlyMap<string, string>>

/** As many as `scan` looks into. */
const BACKUPS = 5

/** Looks at every copy on all nodes and in the stores of these etcd clusters. Only reads. `said`: by etcd cluster. */
export async function gather(room: Room, names: readonly string[], said: SaidSeats): Promise<Gathered> {
  const { session, config, signal } = room
  const [first = 'main'] = names
  const target = requireNodes(toTarget(config, first))
  const note = (line: string) => session.screen.listen({ type: 'note', step: '', line })
  const nodes = lazyNodes(session, config, { etcdCluster: first, signal })
  try {
    const { controlPlane, workers } = await nodes.all()
    const stores = Promise.all(names.map(async (name) => [name, await inStore(name, room)] as const))
    stores.catch(() => {})
    const fenced = isFenced(room, { controlPlane, workers, target })
    const locks = new Map(names.map((name) => [name, whyNoLock(name, session, config)]))
    const { found: onNodes, unsearched } = await foundOnNodes(controlPlane, target, { note, signal })
    const groups = byEtcdCluster(onNodes.map(toCopy))
    const silent = unsearched.filter(({ path }) => path === undefined).map(({ node }) => node)
    // one whose volume cannot be read may serve all the same
    const answering = controlPlane.filter(({ name }) => !silent.includes(name))
    const seatsOf = (name: string) =>
      knownSeats(toTarget(config, name), answering, onNodes.flatMap(toHeld), said.get(name))
    const etcdClusters = new Map<string, OfCluster>()
    for (const [name, store] of await stores) {
      const found = await ofCluster(name, ofMain(groups, name), store, { config, hosts: answering })
      const lockError = await locks.get(name)
      etcdClusters.set(name, { ...found, seats: await seatsOf(name), ...(lockError && { lockError }) })
    }
    const probed = bestCopy([...etcdClusters.values()].flatMap(({ copies }) => copies).filter(({ node }) => node))
    const bytesPerSecond = await transferRate(answering, probed, signal)
    return { etcdClusters, unsearched, bytesPerSecond, fenced: await fenced }
  } finally {
    await nodes.close()
  }
}

/** Only where a fence would be offered: a node that does not answer keeps this waiting. */
async function isFenced({ session, signal }: Room, world: Parameters<typeof apiServerHosts>[0]): Promise<boolean> {
  if (!sessionPrompter(session, signal).interactive || session.dryRun) return false
  return noneServes(apiServerHosts(world)).catch(() => false)
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
  { config, hosts }: { config: Config; hosts: readonly RemoteHost[] },
): Promise<OfCluster> {
  const live = await servedNow(hosts, name, config.clientCertificates)
  if (store instanceof RescueError) return { copies: [...onNodes], live, storeError: store }
  return { copies: [...onNodes, ...store.map(toCopy)], live }
}

async function inStore(name: string, room: Room): Promise<Found[] | RescueError> {
  try {
    const notes: string[] = []
    const { found } = await foundInStore(name, { ...room, notes, options: { backups: BACKUPS } })
    for (const line of notes) room.session.screen.listen({ type: 'note', step: '', line })
    return found
  } catch (error) {
    if (room.signal.aborted) throw error
    return toRescueError(error)
  }
}

const toHeld = ({ value: { node, path, etcdCluster }, serving }: Found) =>
  node === undefined || path === undefined ? [] : [{ node, path, etcdCluster, serving }]

function toCopy({ value, findings: _, ...rankable }: Found): Placed {
  const { etcdCluster, etcdVersion, place, node, path, backup, memberId, sizeBytes, walBytes, walWrites, at } = value
  const where = node === undefined ? {} : { node, path }
  return {
    ...rankable,
    ...where,
    etcdCluster,
    etcdVersion,
    place,
    backup,
    memberId,
    sizeBytes,
    walBytes,
    walWrites,
    at,
  }
}
