import { describe, it } from 'vitest'
import { localEtcdContract } from '../../contracts/local-etcd.ts'
import { etcdReleases, noEtcd, testEtcd } from '../../support/etcd.ts'

const releases = await etcdReleases()

for (const release of releases) localEtcdContract(`etcd ${release.version}`, testEtcd(), release)

describe.skipIf(releases.length > 0)('local etcd', () => {
  it('has an etcd to run', (context) => context.skip(noEtcd))
})
