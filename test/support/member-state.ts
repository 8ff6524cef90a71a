import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { openRpc } from '../../src/adapters/etcd/rpc.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'

/** State of an etcd beside its keys, made by etcd itself. */

const socketOf = ({ pid }: LocalMember) => `${readlinkSync(`/proc/${pid}/cwd`)}/c:1`

export const openLocal = (member: LocalMember) => openRpc(`unix:${socketOf(member)}`, undefined, 10_000)

/** Adds a member without a vote, which nobody starts; gives its id. */
export async function addLearner(member: LocalMember): Promise<string> {
  const rpc = await openLocal(member)
  try {
    const request = { peerURLs: ['https://learner:2380'], isLearner: true }
    const { member: added } = await rpc.call<{ member: { ID: string } }>('Cluster', 'memberAdd', request)
    return BigInt(added.ID).toString(16)
  } finally {
    rpc.close()
  }
}

/** From now on nobody is answered who is not this user, who may write one key more. */
export function enableAuth(member: LocalMember, { key }: { key?: string } = {}): void {
  const ctl = (...args: string[]) =>
    execFileSync(member.release.etcdctl, [`--endpoints=unix://${socketOf(member)}`, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    })
  ctl('user', 'add', 'root:secret')
  ctl('user', 'grant-role', 'root', 'root')
  ctl('auth', 'enable')
  if (key !== undefined) ctl('--user', 'root:secret', 'put', key, 'value')
}
