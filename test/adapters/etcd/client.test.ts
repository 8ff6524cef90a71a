import { describe, it } from 'vitest'
import { etcdClientContract } from '../../contracts/etcd-client.ts'
import { etcdReleases, noEtcd, scene, testEtcd } from '../../support/etcd.ts'

const releases = await etcdReleases()

for (const release of releases) {
  etcdClientContract(`etcd ${release.version}`, async () => {
    const place = await scene()
    const member = place.keep(await testEtcd().start(release, `${place.dir}/data`))
    return { client: member.client, close: place.clear }
  })
}

describe.skipIf(releases.length > 0)('etcd client', () => {
  it('has an etcd to talk to', (context) => context.skip(noEtcd))
})
