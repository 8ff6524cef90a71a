import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { commitWal } from '../../../src/steps/support/commit-wal.ts'
import { etcdReleases, scene, testEtcd } from '../../support/etcd.ts'

const etcd = testEtcd()
const releases = await etcdReleases()

describe.each(releases.map((release) => [release.version, release] as const))(
  'the end of a WAL of etcd %s',
  (_version, release) => {
    let place: Awaited<ReturnType<typeof scene>>
    afterEach(() => place.clear())

    /** Killed at once after the last answer: the mark of what is committed is mostly not written yet. */
    it('keeps every write that was acknowledged before a SIGKILL', async () => {
      place = await scene()
      const path = (name: string) => join(place.dir, name)
      const member = place.keep(await etcd.start(release, path('killed')))
      for (let i = 0; i < 150; i++) await member.client.put(`/registry/pods/default/p${i}`, `value ${i}`)
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      await cp(path('killed'), path('copy'), { recursive: true })
      await commitWal(join(path('copy'), 'member', 'wal'))
      expect(await commitWal(join(path('copy'), 'member', 'wal'))).toBe(0)
      const replayed = place.keep(await etcd.start(release, path('copy'), { forceNewCluster: true }))
      expect(await replayed.client.count({ prefix: '/registry/pods/' })).toBe(150)
    }, 60_000)
  },
)

it('finds an etcd to be tested with', () => expect(releases.length).toBeGreaterThan(0))
