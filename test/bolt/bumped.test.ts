import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { checkDb, liveKv, openFileSource } from '../../src/bolt/index.ts'
import { etcdReleases, scene, testEtcd } from '../support/etcd.ts'

const etcd = testEtcd()
const found = await etcdReleases()
const able = []
for (const release of found) if (await etcd.canBump(release)) able.push(release)

/** A cluster that was seeded in place once must be readable, and recoverable, the next time. */
describe.each(able.map((release) => [release.version, release] as const))(
  'a database that etcd %s restored with a higher revision',
  (_version, release) => {
    let place: Awaited<ReturnType<typeof scene>>
    afterEach(() => place.clear())

    it('is sound, at that revision, with its keys and no others', async () => {
      place = await scene()
      const path = (name: string) => join(place.dir, name)
      const member = place.keep(await etcd.start(release, path('first')))
      for (const at of [1, 2, 3]) await member.client.put(`/registry/pods/default/p${at}`, `value ${at}`)
      const snapshot: Readable = await member.client.snapshot()
      await pipeline(snapshot, createWriteStream(path('snapshot.db')))
      await member.stop()
      await etcd.restore(release, path('snapshot.db'), path('bumped'), { bumpRevision: 1000 })
      const source = await openFileSource(path('bumped/member/snap/db'))
      try {
        expect(await checkDb(source, {})).toMatchObject({ keys: 3, revision: 1004, findings: [] })
        const keys = []
        for await (const { key } of liveKv(source)) keys.push(key.toString())
        expect(keys.sort()).toEqual([1, 2, 3].map((at) => `/registry/pods/default/p${at}`))
      } finally {
        await source.close()
      }
    }, 60_000)
  },
)

it('finds an etcd to be tested with', () => expect(able.length).toBeGreaterThan(0))
