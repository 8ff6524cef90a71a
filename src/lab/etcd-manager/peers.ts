import type { ManagerConfig } from './config.ts'
import type { JoinRequest } from './member.ts'
import { callPeer } from './rpc.ts'
import type { EtcdState, StateNode } from './state.ts'

/** What a peer says of itself. */
export interface PeerInfo {
  /** The `myid` of its volume; the lowest leads. */
  id: string
  address: string
  node: StateNode
  state: EtcdState | null
  running: boolean
  diskEmpty: boolean
}

export interface Peer extends PeerInfo {
  join(request: JoinRequest): Promise<void>
  stop(): Promise<void>
  setQuarantine(quarantined: boolean): Promise<void>
  backup(body: { etcdVersion: string; clusterSpec: unknown }): Promise<string>
  restore(backup: string): Promise<void>
}

const INFO_MS = 1_500
const CHANGE_MS = 30_000
/** A restore puts every key again: it takes as long as it takes. */
const RESTORE_MS = 3_600_000

/** All peers that answer now, lowest id first. */
export async function answering(config: ManagerConfig): Promise<Peer[]> {
  const found = await Promise.all(config.peers.map((at) => ask(config, at).catch(() => undefined)))
  return found.filter((peer) => peer !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1))
}

async function ask(config: ManagerConfig, at: string): Promise<Peer> {
  const call = <T>(method: string, body: unknown, ms: number) => callPeer<T>(at, config.secret, method, body, ms)
  const told = await call<PeerInfo>('info', null, INFO_MS)
  return {
    ...told,
    join: (request) => call('join', request, CHANGE_MS),
    stop: () => call('stop', null, CHANGE_MS),
    setQuarantine: (quarantined) => call('quarantine', { quarantined }, CHANGE_MS),
    backup: (body) => call('backup', body, RESTORE_MS),
    restore: (backup) => call('restore', { backup }, RESTORE_MS),
  }
}
