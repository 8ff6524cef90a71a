import { cp, readdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdRelease, LocalMember } from '../../../src/ports/etcd.ts'
import { etcdReleases, noEtcd, testEtcd } from '../../support/etcd.ts'

export const etcd = testEtcd()

/** One release is enough for a step's own logic; the others are tested with the adapter. The newest 3.5 where there is one. */
export async function oneRelease(): Promise<EtcdRelease> {
  const releases = await etcdReleases()
  const release = releases.findLast(({ minor }) => minor === '3.5') ?? releases.at(-1)
  if (!release) throw new Error(noEtcd)
  return release
}

/** Keys as Kubernetes has them; one after the other, so that the revision is their number and 1. */
export async function putPods(member: Pick<LocalMember, 'client'>, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) await member.client.put(`/registry/pods/default/p${at}`, `value ${at}`)
}

/** Runs an etcd on `dir` while `live` lasts; then it is ended in order, or killed as etcd-manager kills it. */
export async function memberDir(
  dir: string,
  live: (member: LocalMember) => Promise<void>,
  end: 'stopped' | 'killed' = 'stopped',
): Promise<EtcdRelease> {
  const release = await oneRelease()
  const member = await etcd.start(release, dir)
  try {
    await live(member)
    if (end === 'killed') process.kill(member.pid, 'SIGKILL')
  } finally {
    await member.stop()
  }
  return release
}

/** A copy for a node's disk, without the 64 MB that etcd allocates ahead. */
export async function copyToNode(from: string, to: string): Promise<void> {
  await cp(join(from, 'member'), join(to, 'member'), { recursive: true, filter: (path) => !path.endsWith('.tmp') })
  const wal = join(to, 'member', 'wal')
  for (const name of await readdir(wal)) await truncate(join(wal, name), 1 << 20)
}
