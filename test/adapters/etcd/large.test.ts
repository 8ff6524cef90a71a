import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { etcdReleases, fill, scene, testEtcd } from '../../support/etcd.ts'
import { pretendBytes } from '../../support/large-db.ts'

const etcd = testEtcd()
/** All take the same flag; it can take half a minute to open 9 GiB. */
const releases = (await etcdReleases()).slice(-1)

describe.each(releases.map((release) => [release.version, release] as const))('a local etcd %s', (_, release) => {
  let place: Awaited<ReturnType<typeof scene>>
  afterEach(() => place.clear())

  /** With a quota of 8 GiB the trial raised an alarm that the copy did not have, and a seed carried it into the cluster. */
  it('replays and writes into a database of 9 GiB, and raises no alarm', async () => {
    place = await scene()
    const dir = join(place.dir, 'large')
    const first = place.keep(await etcd.start(release, dir))
    await fill(first, 10)
    await first.stop()
    await pretendBytes(join(dir, 'member/snap/db'), 9 * 2 ** 30)
    const again = place.keep(await etcd.start(release, dir, { forceNewCluster: true }))
    expect((await again.client.status()).dbSizeBytes).toBeGreaterThan(8 * 2 ** 30)
    for (const key of ['a', 'b']) await again.client.put(`/registry/${key}`, 'written')
    expect(await again.client.count()).toBe(12)
  }, 120_000)
})

it('finds an etcd to be tested with', () => expect(releases.length).toBeGreaterThan(0))
