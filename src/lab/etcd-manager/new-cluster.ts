import { randomBytes } from 'node:crypto'
import type { ClusterSpec } from './control-store.ts'
import { info } from './log.ts'
import type { ClusterView } from './observe.ts'
import type { Peer } from './peers.ts'

const quorum = (members: number): number => Math.floor(members / 2) + 1

/**
 * Seeds an **empty** cluster: first every etcd that runs is killed and its data put into the trashcan, then the peers
 * start with a new token, quarantined. The heart of the incident (FACTS 1); a restore begins with it too (FACTS 4).
 * False when there are too few peers.
 */
export async function createNewCluster(view: ClusterView, spec: ClusterSpec): Promise<boolean> {
  const { peers } = view
  if (quorum(peers.length) < quorum(spec.memberCount)) {
    info(`Insufficient peers to form a quorum ${quorum(spec.memberCount)}, won't proceed`)
    return false
  }
  if (peers.length < spec.memberCount) {
    info(
      `Fewer peers (${peers.length}) than desired members (${spec.memberCount}), but quorum size is the same, so will proceed`,
    )
  }
  for (const peer of peers) {
    if (peer.state === null) continue
    await peer.stop()
    info(`stopped etcd on peer "${peer.node.name}"`)
  }
  await startTogether(peers.slice(0, spec.memberCount), spec.etcdVersion)
  return true
}

/** 22 characters of base64url (FACTS 2): one in 64 begins with `-`. */
function newToken(): string {
  return randomBytes(16).toString('base64url')
}

async function startTogether(chosen: Peer[], etcdVersion: string): Promise<void> {
  const request = { token: newToken(), etcdVersion, nodes: chosen.map((peer) => peer.node) }
  info(`starting new etcd cluster with [${chosen.map((peer) => peer.node.name).join(' ')}]`)
  for (const peer of chosen) await peer.join({ phase: 'prepare', ...request })
  for (const peer of chosen) await peer.join({ phase: 'initial-cluster', ...request })
}
