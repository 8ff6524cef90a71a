import { isHealthy, listMembers, type Member } from '../etcd/kv.ts'
import type { ManagerConfig } from './config.ts'
import type { Peer } from './peers.ts'
import { gatewayTo } from './restore.ts'

/** The cluster as the leader finds it at the start of a loop. */
export interface ClusterView {
  peers: Peer[]
  /** Peers whose own etcd answers a linearizable read. */
  healthy: Peer[]
  /** etcd's own list, from a healthy member; empty when none is. */
  members: Member[]
  quarantined: number
}

export async function observe(config: ManagerConfig, peers: Peer[]): Promise<ClusterView> {
  const checked = await Promise.all(peers.map(async (peer) => ((await healthOf(config, peer)) ? peer : undefined)))
  const healthy = checked.filter((peer) => peer !== undefined)
  const first = healthy[0]
  const members = first === undefined ? [] : await withGateway(config, first, listMembers)
  return { peers, healthy, members, quarantined: peers.filter((peer) => peer.state?.quarantined).length }
}

async function healthOf(config: ManagerConfig, peer: Peer): Promise<boolean> {
  if (peer.state === null || !peer.running) return false
  return withGateway(config, peer, (gateway) => isHealthy(gateway))
}

/** A call to a peer's etcd, on the port where it serves now. */
export async function withGateway<T>(
  config: ManagerConfig,
  peer: Peer,
  use: (gateway: ReturnType<typeof gatewayTo>) => Promise<T>,
): Promise<T> {
  const port = peer.state?.quarantined ? config.ports.quarantine : config.ports.client
  const gateway = gatewayTo(config, port, peer.address)
  try {
    return await use(gateway)
  } finally {
    gateway.close()
  }
}
