import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openDb, readBuckets } from '../../src/bolt/db.ts'
import { bufferSource } from '../../src/bolt/index.ts'
import { sweepLeaves } from '../../src/bolt/sweep.ts'
import { claimPages } from '../../src/bolt/walk.ts'
import type { EtcdStatus, LocalMember } from '../../src/ports/etcd.ts'

const exec = promisify(execFile)

export const dbOf = (member: LocalMember) => join(member.dataDir, 'member', 'snap', 'db')
export const walOf = (member: LocalMember) =>
  join(member.dataDir, 'member', 'wal', '0000000000000000-0000000000000000.wal')

/** The member's own etcdctl, for what the client port does not do. Its socket is in the member's working directory. */
export async function etcdctl(member: LocalMember, ...args: string[]): Promise<string> {
  const env = { ...process.env, ...(member.release.minor === '3.4' ? { ETCDCTL_API: '3' } : {}) }
  const cwd = `/proc/${member.pid}/cwd`
  const { stdout } = await exec(member.release.etcdctl, ['--endpoints=unix://c:1', ...args], {
    cwd,
    env,
    timeout: 20_000,
  })
  return stdout
}

/** Puts, overwrites, deletions, a value of several pages, a lease and a compaction; what etcd says of the result. */
export async function liveALittle(member: LocalMember): Promise<EtcdStatus & { keys: number; compacted: number }> {
  const { client } = member
  const put = (from: number, to: number, text: string) =>
    Promise.all(
      Array.from({ length: to - from }, (_, at) => client.put(`/registry/pods/ns/p${from + at}`, `${text} ${at}`)),
    )
  await put(0, 300, 'first')
  await put(0, 100, 'again')
  await etcdctl(member, 'del', '--prefix', '/registry/pods/ns/p11')
  const lease = /lease (\w+) /.exec(await etcdctl(member, 'lease', 'grant', '600'))?.[1] ?? ''
  await etcdctl(member, 'put', `--lease=${lease}`, '/registry/masterleases/10.0.0.1', 'x')
  await client.put('/registry/secrets/ns/big', Buffer.alloc(200_000, 'big'))
  const compacted = 250
  await etcdctl(member, 'compact', '--physical', String(compacted))
  await client.put('/registry/pods/ns/p5', 'after the compaction')
  await client.put(Buffer.from([0, 255, 27, 10]), 'a key of any bytes')
  await etcdctl(member, 'del', '/registry/pods/ns/p200')
  return { ...(await client.status()), keys: await client.count(), compacted }
}

/** A database without the unused end of its file, to make many changed copies of. */
export async function compactCopy(path: string): Promise<Buffer> {
  const whole = await readFile(path)
  const { meta } = await openDb(bufferSource(whole))
  return Buffer.from(whole.subarray(0, meta.pages * meta.pageSize))
}

/** The ids of the pages that hold something, overflow pages included, without metas. */
export async function usedPages(db: Buffer): Promise<number[]> {
  const open = await openDb(bufferSource(db))
  const used = new Uint8Array(Math.ceil(open.meta.pages / 8))
  claimPages(used, open.meta.root, 1)
  for (const bucket of (await readBuckets(open)).values()) {
    for await (const _ of sweepLeaves(open, bucket, { tolerant: false, findings: [], used }));
  }
  return Array.from({ length: open.meta.pages }, (_, id) => id).filter((id) => (used[id >> 3] ?? 0) & (1 << (id & 7)))
}

/** The same numbers in every run: a failure can be looked at again. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
