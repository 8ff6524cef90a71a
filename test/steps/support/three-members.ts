import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { EtcdRelease } from '../../../src/ports/etcd.ts'
import { freePortPair } from '../../support/free-ports.ts'

export interface Killed {
  /** The member that led, whose log reaches furthest: it has one write that no other has. */
  leader: string
  /** Has all that was acknowledged. */
  follower: string
  /** Was killed before the others, and lacks the last writes. */
  early: string
  /** The revision that a quorum has. */
  revision: number
}

interface Member {
  name: string
  dir: string
  client: string
  peer: string
  process: ChildProcess
}

/**
 * Runs three real members on loopback, one below `dir` each, and kills them as a cluster dies: one early, then the others
 * right after a write that reached the leader's log alone.
 */
export async function killThreeMembers(release: EtcdRelease, dir: string): Promise<Killed> {
  const members = await startThree(release, dir)
  try {
    const ctl = (member: Member, ...args: string[]) =>
      execFileSync(release.etcdctl, [`--endpoints=${member.client}`, ...args], {
        env: { ...process.env, ETCDCTL_API: '3' },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      }).toString()
    const put = (member: Member, key: string, ...flags: string[]) =>
      ctl(member, 'put', `/registry/pods/default/${key}`, 'value', ...flags)
    const leader = await leaderOf(members, ctl)
    const [follower, early] = members.filter((member) => member !== leader) as [Member, Member]
    for (let at = 0; at < 6; at++) put(leader, `p${at}`)
    await kill(early)
    for (let at = 6; at < 9; at++) put(leader, `p${at}`)
    follower.process.kill('SIGSTOP')
    try {
      put(leader, 'unacknowledged', '--command-timeout=1s')
    } catch {
      // no quorum answers: nobody is told that it was written
    }
    await kill(leader)
    await kill(follower)
    return { leader: leader.name, follower: follower.name, early: early.name, revision: 10 }
  } finally {
    await Promise.all(members.map(kill))
  }
}

async function startThree(release: EtcdRelease, dir: string): Promise<Member[]> {
  const named = []
  for (const name of ['a', 'b', 'c']) {
    const port = await freePortPair()
    named.push({ name, client: `http://127.0.0.1:${port}`, peer: `http://127.0.0.1:${port + 1}` })
  }
  const cluster = named.map(({ name, peer }) => `${name}=${peer}`).join(',')
  return named.map(({ name, client, peer }) => {
    const data = join(dir, name)
    const urls = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`, `--listen-peer-urls=${peer}`]
    const flags = [`--name=${name}`, `--data-dir=${data}`, `--initial-advertise-peer-urls=${peer}`]
    // a busy machine must not make them choose another leader
    const timing = ['--heartbeat-interval=300', '--election-timeout=3000', '--log-level=error']
    const argv = [...flags, ...urls, `--initial-cluster=${cluster}`, ...timing]
    return { name, dir: data, client, peer, process: spawn(release.etcd, argv, { stdio: 'ignore' }) }
  })
}

async function leaderOf(members: Member[], ctl: (member: Member, ...args: string[]) => string): Promise<Member> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    for (const member of members) {
      try {
        const [{ Status }] = JSON.parse(ctl(member, 'endpoint', 'status', '-w', 'json')) as [
          { Status: { leader?: number; header: { member_id: number } } },
        ]
        if (Status.leader && Status.leader === Status.header.member_id) return member
      } catch {
        // it is still starting
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('three members chose no leader within a minute')
}

async function kill({ process: child }: Member): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
