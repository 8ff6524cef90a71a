import type { RemoteHost } from '../ports/remote-host.ts'
import { find } from './find.ts'
import { managerRoot } from './manager-root.ts'

/** Where etcd-manager has its etcds below `/opt/etcd-v<version>`, in its own image and in image volumes. */
export const ETCD_PLACES = ['', '/usr/local/bin']

/**
 * The program on the node that restores snapshots of an etcd version, seen through the running etcd-manager's process:
 * `etcdutl`, or `etcdctl` before there was one (FACTS 2). Undefined when there is none, or nothing runs.
 */
export async function restoreToolOn(
  host: RemoteHost,
  etcdCluster: string,
  version: string,
): Promise<string | undefined> {
  const root = await managerRoot(host, etcdCluster)
  if (root === undefined) return undefined
  const dirs = ETCD_PLACES.map((place) => `${root}/opt/etcd-v${version}${place}`)
  const found = await find(host, dirs, ['-mindepth', '1', '-maxdepth', '1', '-type', 'f', '-name', 'etcd*tl'])
  const named = (name: string) => found.find(({ path }) => path.endsWith(`/${name}`))?.path
  // from 3.6 on etcdctl no longer restores
  return named('etcdutl') ?? (/^3\.[0-5]\./.test(version) ? named('etcdctl') : undefined)
}

/** Whether this program runs on the node and can restore with a higher revision. */
export async function canBumpOn(host: RemoteHost, tool: string): Promise<boolean> {
  const argv = ['env', 'ETCDCTL_API=3', tool, 'snapshot', 'restore', '--help'] as const
  const { code, stdout, stderr } = await host.run({ effect: 'read', argv, okCodes: [0, 1, 2, 126, 127] })
  return code === 0 && (stdout + stderr).includes('--mark-compacted')
}
