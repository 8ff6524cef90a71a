import type { EtcdRelease } from '../../src/ports/etcd.ts'
import { etcdReleases, noEtcd } from './etcd.ts'

/** The etcd that a sandbox runs: the newest of a minor version that the tests have. */
export async function labRelease(minor = '3.5'): Promise<EtcdRelease> {
  const release = (await etcdReleases()).filter((one) => one.minor === minor).at(-1)
  if (!release) throw new Error(`no etcd ${minor}: ${noEtcd}`)
  return release
}
