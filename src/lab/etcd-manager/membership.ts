import { addMember, removeMember } from '../etcd/kv.ts'
import type { ManagerConfig } from './config.ts'
import { info } from './log.ts'
import { type ClusterView, withGateway } from './observe.ts'
import type { Peer } from './peers.ts'

/** A member that fails is waited for, a minute in life, before an empty disk of the same name replaces it (FACTS 5). */
const PATIENCE_LOOPS = 6

/** Adds a peer that has no cluster to the one that runs. True when something was done. */
export async function expand(config: ManagerConfig, view: ClusterView): Promise<boolean> {
  const via = view.healthy[0]
  const idle = view.peers.find((peer) => peer.state === null)
  if (via?.state == null || idle === undefined) {
    info('Want to expand cluster but no available nodes')
    return false
  }
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

/** Removes the stale member of a peer whose disk is empty, so that `expand` can take it in again. */
export function replacer(config: ManagerConfig) {
  const loops = new Map<string, number>()

  return async function replaceEmptyDisks(view: ClusterView): Promise<boolean> {
    const via = view.healthy[0]
    const peer = view.peers.find((one) => one.state === null && one.diskEmpty && memberOf(view, one) !== undefined)
    if (via === undefined || peer === undefined) {
      loops.clear()
      return false
    }
    const waited = (loops.get(peer.id) ?? 0) + 1
    loops.set(peer.id, waited)
    if (waited <= PATIENCE_LOOPS) {
      info(`peer ${peer.node.name} is unhealthy, but waiting for 1m0s`)
      return false
    }
    const stale = memberOf(view, peer)
    info(`removing node from etcd cluster: ${peer.node.name}`)
    if (stale !== undefined) await withGateway(config, via, (gateway) => removeMember(gateway, stale.ID))
    loops.clear()
    return true
  }
}

function memberOf(view: ClusterView, peer: Peer) {
  return view.members.find((member) => member.name === peer.node.name)
}
