import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { commitWal } from '../../../src/steps/support/commit-wal.ts'
import { claimDatabase, sealSnapshot } from '../../../src/steps/support/seal-snapshot.ts'
import { copyMember } from '../../../src/steps/support/working-copy.ts'
import { etcdReleases, newestOfEach, scene, testEtcd } from '../../support/etcd.ts'

const etcd = testEtcd()
const releases = newestOfEach(await etcdReleases())
const MIB = 1 << 20

describe.each(releases.map((release) => [release.version, release] as const))(
  'the fetched member of etcd %s',
  (_version, release) => {
    let place: Awaited<ReturnType<typeof scene>>
    afterEach(() => place.clear())

    it('stays as it was while an etcd runs on its working copy, whose database becomes a snapshot', async () => {
      place = await scene()
      const path = (name: string) => join(place.dir, name)
      const member = place.keep(await etcd.start(release, path('fetched')))
      // a WAL file holds 64 MB: two of them
      for (let i = 0; i < 70; i++) await member.client.put(`/registry/big/${i % 5}`, Buffer.alloc(MIB, `${i}`))
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      const before = digests(path('fetched/member'))

      await copyMember(path('fetched/member'), path('copy/member'))
      expect(linked(path('copy/member/wal'))).toEqual([2, 1])
      await commitWal(path('copy/member/wal'))
      const replayed = place.keep(await etcd.start(release, path('copy'), { forceNewCluster: true }))
      for (let i = 0; i < 10; i++) await replayed.client.put(`/registry/more/${i}`, Buffer.alloc(MIB))
      const { revision } = await replayed.client.status()
      await replayed.stop()
      expect(digests(path('fetched/member'))).toEqual(before)

      const part = await claimDatabase(path('copy'), path('snapshot.db'), async () => {})
      const { bytes, sha256 } = await sealSnapshot(part, path('snapshot.db'), { signal: new AbortController().signal })
      const written = readFileSync(path('snapshot.db'))
      expect([bytes, sha256]).toEqual([written.length, createHash('sha256').update(written).digest('hex')])
      await etcd.restore(release, path('snapshot.db'), path('restored'))
      const restored = place.keep(await etcd.start(release, path('restored')))
      expect(await restored.client.count({ prefix: '/registry/' })).toBe(15)
      expect((await restored.client.status()).revision).toBe(revision)
    }, 120_000)
  },
)

it('finds an etcd to be tested with', () => expect(releases.length).toBeGreaterThan(0))

function digests(dir: string): Record<string, string> {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      createHash('sha256')
        .update(readFileSync(join(parentPath, name)))
        .digest('hex'),
    ]),
  )
}

/** How many names each WAL file has, oldest first. */
function linked(dir: string): number[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.wal'))
    .sort()
    .map((name) => statSync(join(dir, name)).nlink)
}
