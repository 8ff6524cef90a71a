import type { RemoteHost } from '../ports/remote-host.ts'
import { ETCD_PLACES } from './etcd-tools.ts'
import { find } from './find.ts'
import { managerRoot } from './manager-root.ts'

/** Programs of one etcd as a node's etcd-manager carries them. `paths` are on the node, by name. */
export interface ProgramsOnNode {
  version: string
  paths: ReadonlyMap<string, string>
  bytes: number
}

const PROGRAMS = ['etcd', 'etcdctl', 'etcdutl']

/**
 * The newest etcd of a minor version in the running etcd-manager's container, seen through its process as in `versions.ts`.
 * Undefined when there is none, or nothing runs. Nothing is run.
 */
export async function etcdProgramsOn(
  host: RemoteHost,
  etcdCluster: string,
  minor: string,
): Promise<ProgramsOnNode | undefined> {
  const root = await managerRoot(host, etcdCluster)
  if (root === undefined) return undefined
  const opt = `${root}/opt`
  const dirs = await find(host, [opt], ['-mindepth', '1', '-maxdepth', '1', '-name', `etcd-v${minor}.*`])
  const versions = dirs.flatMap(({ path }) => /\/etcd-v(\d+\.\d+\.\d+)$/.exec(path)?.[1] ?? [])
  for (const version of versions.sort((a, b) => patch(b) - patch(a))) {
    const found = await programsOf(host, `${opt}/etcd-v${version}`)
    if (found) return { version, ...found }
  }
  return undefined
}

const patch = (version: string) => Number(version.split('.')[2])

async function programsOf(host: RemoteHost, dir: string) {
  const places = ETCD_PLACES.map((place) => `${dir}${place}`)
  const found = await find(host, places, ['-mindepth', '1', '-maxdepth', '1', '-type', 'f', '-name', 'etcd*'])
  for (const place of places) {
    const own = found.filter(({ path }) => PROGRAMS.some((name) => path === `${place}/${name}`))
    const paths = new Map(own.map(({ path }) => [path.slice(place.length + 1), path]))
    const bytes = own.reduce((sum, one) => sum + one.bytes, 0)
    if (paths.has('etcd') && paths.has('etcdctl')) return { paths, bytes }
  }
  return undefined
}
