import { localEtcdContract } from '../../contracts/local-etcd.ts'
import { etcdReleases, noEtcd, testEtcd } from '../../support/etcd.ts'
import { tellSkipped } from '../../support/skip.ts'

const releases = await etcdReleases()

for (const release of releases) localEtcdContract(`etcd ${release.version}`, testEtcd(), release)

tellSkipped(releases.length === 0 ? noEtcd : undefined, 'local etcd')
