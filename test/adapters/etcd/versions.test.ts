import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { etcdReleases, fill, newestOfEach, scene, testEtcd } from '../../support/etcd.ts'

const releases = newestOfEach(await etcdReleases())
const older = releases.find(({ minor }) => minor === '3.4')
const newer = releases.find(({ minor }) => minor === '3.5')

describe('data of one version under another (FACTS 2)', () => {
  let place: Awaited<ReturnType<typeof scene>>
  beforeEach(async () => {
    place = await scene()
  })
  afterEach(() => place.clear())

  it('a 3.5 directory does not start on 3.4, which says so; its db restores there', async (context) => {
    if (!older || !newer) return context.skip('needs etcd 3.4 and 3.5: run `node scripts/test-setup/etcd.mjs`')
    const etcd = testEtcd()
    const member = await etcd.start(newer, join(place.dir, 'new'))
    await fill(member, 100)
    await member.stop()
    await cp(join(place.dir, 'new'), join(place.dir, 'copy'), { recursive: true })
    const started = etcd.start(older, join(place.dir, 'copy'), { forceNewCluster: true, timeoutMs: 15_000 })
    await expect(started).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
    const db = join(place.dir, 'new/member/snap/db')
    await etcd.restore(older, db, join(place.dir, 'old'), { skipHashCheck: true })
    const restored = place.keep(await etcd.start(older, join(place.dir, 'old')))
    expect(await restored.client.count()).toBe(100)
  })
})
