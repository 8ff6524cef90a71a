import { addMember, removeMember } from '../etcd/kv.ts'
import type { ManagerConfig } from './config.ts'
import { info } from './log.ts'
import { type ClusterView, withGateway } from './observe.ts'

/** A member that fails is waited for, a minute in life, before an empty disk of the same name replaces it (FACTS 5). */
const PATIENCE_LOOPS = 6

/** Adds a peer that has no cluster to the one that runs, after a backup. True when something was done. */
export async function expand(config: ManagerConfig, view: ClusterView, backup: () => Promise<void>): Promise<boolean> {
  const via = view.healthy[0]
  const idle = view.peers.find((peer) => peer.state === null)
  if (via?.state == null || idle === undefined) {
    info('Want to expand cluster but no available nodes')
    return false
  }
  await backup()
  info(`will try to start etcd on new peer: ${idle.node.name}`)
  const { token, etcdVersion } = via.state
  const current = view.members.map(({ name = '', peerURLs }) => ({
    name,
    peerUrls: peerURLs,
    clientUrls: view.peers.find((peer) => peer.node.name === name)?.node.clientUrls ?? [],
    quarantinedClientUrls: [],
    tls: true,
  }))
  const request = { token, etcdVersion, nodes: [...current, idle.node] }
  await idle.join({ phase: 'prepare', ...request })
  info(`Adding member to cluster: ${idle.node.name}`)
  try {
    await withGateway(config, via, (gateway) => addMember(gateway, idle.node.peerUrls[0] ?? ''))
  } catch (error) {
    await idle.join({ phase: 'cancel-prepare', ...request })
    throw error
  }
  await idle.join({ phase: 'join-existing', ...request })
  return true
}

/**
 * Removes the stale member of a peer whose disk is empty, so that `expand` can take it in again. A disk is empty when
 * `state` is absent and `data/` and `data-trashcan/` are absent or empty, so no node is after a reseed. Etcd-managers
 * before v3.0.20260531 never do this: the member has to be removed by hand, and then `expand` takes the peer in.
 */
export function replacer(config: ManagerConfig) {
  /** When each member was last healthy; one that this leader never saw so counts from when it first saw it. */
  const healthyAt = new Map<string, number>()

  function look(view: ClusterView) {
    const now = Date.now()
    for (const member of view.members) {
      const isHealthy = view.healthy.some((peer) => peer.node.name === member.name)
      if (isHealthy || !healthyAt.has(member.ID)) healthyAt.set(member.ID, now)
    }
  }

  async function replaceEmptyDisk(view: ClusterView, backup: () => Promise<void>): Promise<boolean> {
    const via = view.healthy[0]
    const dead = view.members.filter(({ name }) => !view.healthy.some((peer) => peer.node.name === name))
    if (via === undefined || dead.length === 0) return false
    const empty = config.replacesEmptyDisks ? view.peers.filter((peer) => peer.state === null && peer.diskEmpty) : []
    const stale = dead.filter((member) => empty.some((peer) => peer.node.name === member.name))
    const [member] = stale
    if (member === undefined || stale.length > 1 || view.healthy.length <= view.members.length / 2) {
      info('etcd has unhealthy members, but we already have a slot where we could add another member')
      return false
    }
    const unhealthyMs = Date.now() - (healthyAt.get(member.ID) ?? Date.now())
    if (unhealthyMs < PATIENCE_LOOPS * config.loopSeconds * 1000) {
      info(`empty disk replacement candidate ${member.name} is waiting for stale member unhealthy deadline 1m0s`)
      return false
    }
    await backup()
    info(`removing stale etcd member for empty disk replacement: ${member.name}`)
    await withGateway(config, via, (gateway) => removeMember(gateway, member.ID))
    return true
  }

  return { look, replaceEmptyDisk, forget: () => healthyAt.clear() }
}
