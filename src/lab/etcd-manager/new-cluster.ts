import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { ClusterSpec } from './control-store.ts'
import { info, messageOf } from './log.ts'
import type { ClusterView } from './observe.ts'
import type { Peer } from './peers.ts'

const quorum = (members: number): number => Math.floor(members / 2) + 1

/**
 * Seeds an **empty** cluster: first every etcd that runs is killed and its data put into the trashcan, then the peers
 * start with a new token, quarantined. The heart of the incident (FACTS 1); a restore begins with it too (FACTS 4).
 * False when there are too few peers.
 */
export async function createNewCluster(view: ClusterView, spec: ClusterSpec, leaderFault: string): Promise<boolean> {
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
  await startTogether(peers.slice(0, spec.memberCount), spec.etcdVersion, () => dieIfToldTo(leaderFault))
  return true
}

/** 22 characters of base64url (FACTS 2): one in 64 begins with `-`. */
function newToken(): string {
  return randomBytes(16).toString('base64url')
}

async function startTogether(chosen: Peer[], etcdVersion: string, prepared: () => Promise<void>): Promise<void> {
  const request = { token: newToken(), etcdVersion, nodes: chosen.map((peer) => peer.node) }
  info(`starting new etcd cluster with [${chosen.map((peer) => peer.node.name).join(' ')}]`)
  for (const peer of chosen)
    await peer.join({ phase: 'prepare', ...request }).catch((error) => {
      const said = `rpc error: code = Unknown desc = ${messageOf(error)}`
      throw new Error(`error from JoinClusterRequest (prepare) from peer "peer{${peer.id}}": ${said}`)
    })
  await prepared()
  for (const peer of chosen) await peer.join({ phase: 'initial-cluster', ...request })
}

/** As a leader that is killed while it archives: its peers stay prepared for a cluster that nobody starts (FACTS 4). */
async function dieIfToldTo(leaderFault: string): Promise<void> {
  const isTold = await rm(leaderFault).then(
    () => true,
    () => false,
  )
  if (isTold) process.kill(process.pid, 'SIGKILL')
}
