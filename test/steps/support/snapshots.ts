import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { etcd, memberDir, putPods } from './member-dir.ts'

/** A backup of a real cluster of its own (its token makes the ids of its members) with this many pods. */
export async function backupOf(dir: string, token: string, pods: number): Promise<{ gz: Buffer; members: string[] }> {
  const path = (name: string) => join(dir, `${token}-${name}`)
  const release = await memberDir(path('first'), async (member) => {
    await putPods(member, 0, pods)
    await writeFile(path('snapshot'), await buffer(await member.client.snapshot()))
  })
  const own = ['--data-dir', path('own'), '--initial-cluster-token', token]
  const env = { ...process.env, ETCDCTL_API: '3' }
  execFileSync(release.etcdutl ?? release.etcdctl, ['snapshot', 'restore', path('snapshot'), ...own], {
    env,
    stdio: 'ignore',
  })
  const member = await etcd.start(release, path('own'))
  try {
    const members = (await member.client.members()).map(({ id }) => id)
    return { members, gz: gzipSync(await buffer(await member.client.snapshot()), { level: 1 }) }
  } finally {
    await member.stop()
  }
}
