import { etcdClientContract } from '../../contracts/etcd-client.ts'
import { etcdReleases, noEtcd, scene, testEtcd } from '../../support/etcd.ts'
import { tellSkipped } from '../../support/skip.ts'

const releases = await etcdReleases()

for (const release of releases) {
  etcdClientContract(`etcd ${release.version}`, async () => {
    const place = await scene()
    const member = place.keep(await testEtcd().start(release, `${place.dir}/data`))
    return { client: member.client, close: place.clear }
  })
}

tellSkipped(releases.length === 0 ? noEtcd : undefined, 'etcd client')
