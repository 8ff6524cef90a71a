import { find } from '../../node/find.ts'
import { PROBE } from '../../node/prove-moves.ts'
import { type Spot, spotsOn } from '../../node/spots.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Seat } from '../facts.ts'
import type { Listing } from './plan-moves.ts'

/** A volume's directories as renames find them. */
export interface VolumeLook extends Listing {
  fixed: readonly string[]
  isApart: boolean
  spot(path: string): Spot
  /** The directory that a path is in: the base, where that one is still to be made. */
  dirOf(path: string): string
  /** The mount of that directory. */
  mountIn(path: string): string | undefined
}

/** What is right in `data/` and `data-trashcan/`, and on which mounts all of it is. `more`: paths to look at besides. */
export async function listVolume(
  host: RemoteHost,
  { base, source }: Pick<Seat, 'base' | 'source'>,
  more: readonly string[] = [],
): Promise<VolumeLook> {
  const [dataDir, trashcanDir] = [`${base}/data`, `${base}/data-trashcan`]
  const [data, trashcan] = await namesIn(host, [dataDir, trashcanDir])
  const entries = data.map((name) => `${dataDir}/${name}`)
  const deep = source === undefined ? [] : [source]
  const parents = deep.map(parentOf)
  const spots = await spotsOn(host, deep, [
    base,
    dataDir,
    trashcanDir,
    `${base}/state`,
    ...parents,
    ...entries,
    ...more,
  ])
  // of one that was looked at twice, the deep look counts
  const byPath = new Map(spots.reverse().map((spot) => [spot.path, spot]))
  const spot = (path: string): Spot =>
    byPath.get(path) ?? { path, kind: 'missing', isDirectory: false, isWritable: false }
  const dirOf = (path: string) => (spot(parentOf(path)).kind === 'missing' ? base : parentOf(path))
  const mountIn = (path: string) => spot(dirOf(path)).mount
  const inData = mountIn(`${dataDir}/any`)
  const isFixed = ({ kind, mount }: Spot) => kind === 'link' || (mount !== undefined && mount !== inData)
  return {
    data,
    trashcan,
    fixed: data.filter((_, at) => isFixed(spot(entries[at] ?? ''))),
    isApart: inData === undefined || inData !== mountIn(`${trashcanDir}/any`),
    ...{ spot, dirOf, mountIn },
  }
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'))

/** Names right in these two directories, which may be missing. */
async function namesIn(host: RemoteHost, dirs: readonly [string, string]): Promise<[string[], string[]]> {
  const found = await find(host, dirs, ['-mindepth', '1', '-maxdepth', '1'])
  const [data, trashcan] = dirs.map((dir) =>
    found
      .filter(({ path }) => path.startsWith(`${dir}/`))
      .map(({ path }) => path.slice(dir.length + 1))
      .filter((name) => name !== PROBE),
  )
  return [data ?? [], trashcan ?? []]
}
