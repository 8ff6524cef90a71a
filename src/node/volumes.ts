import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import { unexpected } from './answers.ts'
import { readFile } from './files.ts'
import { byPath, type DataFile, find } from './find.ts'
import { clusterToken } from './state-token.ts'

/** `data/<token>` or `data-trashcan/<token>` with a `member/` in it. */
export interface DataDir {
  token: string
  place: 'data' | 'trashcan'
  /** Absolute, as on the node. */
  path: string
  /** The directory's ctime: of one in the trashcan, the moment it was thrown there (FACTS 2). */
  changedAt: Date
  files: DataFile[]
}

const MARKS = ['data', 'data-trashcan', 'state', 'myid']

/**
 * The etcd-manager base directories that match these globs: those that hold `data`, `data-trashcan`, `state` or `myid`
 * (FACTS 1). Globs are absolute and as seen from the node's own root. Sorted.
 */
export async function findVolumes(host: RemoteHost, globs: readonly string[]): Promise<string[]> {
  const bases = new Set<string>()
  for (const glob of globs) {
    for (const base of await expand(host, pathOn(host, glob.replace(/\/+$/, '')))) bases.add(base)
  }
  return [...bases].sort()
}

async function expand(host: RemoteHost, glob: string): Promise<string[]> {
  if (!glob.startsWith('/')) throw unexpected(host, `the volume ${JSON.stringify(glob)} is not an absolute path`)
  const parts = glob.slice(1).split('/')
  const first = parts.findIndex((part) => /[*?[]/.test(part))
  const fixed = first < 0 ? parts.length : first
  // depth and slashes are fixed, so a star cannot match across a slash
  const depth = String(parts.length - fixed + 1)
  const names = MARKS.flatMap((mark, index) => [...(index === 0 ? [] : ['-o']), '-name', mark])
  const pattern = first < 0 ? [] : ['-path', `${glob}/*`]
  const found = await find(
    host,
    [`/${parts.slice(0, fixed).join('/')}`],
    ['-mindepth', depth, '-maxdepth', depth, ...pattern, '(', ...names, ')'],
  )
  return found.map(({ path }) => path.slice(0, path.lastIndexOf('/')))
}

/** Everything under a base directory that an etcd could have run on, in use or thrown away. Empty when there is none. */
export async function listDataDirs(host: RemoteHost, base: string): Promise<DataDir[]> {
  const places = [
    { place: 'data', dir: `${base}/data` },
    { place: 'trashcan', dir: `${base}/data-trashcan` },
  ] as const
  const dirs: DataDir[] = []
  for (const { place, dir } of places) {
    const found = await find(host, [dir], ['-mindepth', '1', '-maxdepth', '4'])
    const below = found.map((entry) => ({ ...entry, parts: entry.path.slice(dir.length + 1).split('/') }))
    const members = new Set(
      below.filter(({ kind, parts }) => kind === 'directory' && parts[1] === 'member').map(({ parts }) => parts[0]),
    )
    for (const { path, changedAt, parts } of below) {
      const [token = ''] = parts
      if (parts.length !== 1 || !members.has(token)) continue
      const files = below
        .filter((entry) => entry.kind === 'file' && entry.parts[0] === token && entry.parts[1] === 'member')
        .map(({ parts: [, ...rest], bytes, modifiedAt }) => ({ path: rest.join('/'), bytes, modifiedAt }))
      dirs.push({ token, place, path, changedAt: new Date(changedAt), files: files.sort(byPath) })
    }
  }
  return dirs.sort((a, b) => byPath({ path: `${a.place} ${a.token}` }, { path: `${b.place} ${b.token}` }))
}

/** The peer id of this volume; the lowest one leads (FACTS 1). Undefined where there is none. */
export async function readMyId(host: RemoteHost, base: string): Promise<string | undefined> {
  const text = (await readFile(host, `${base}/myid`, 1024))?.toString('utf8').trim()
  return text === undefined || text === '' ? undefined : text
}

/** The token of the data directory that etcd-manager will run, from `state` (FACTS 5). Undefined where there is none. */
export async function readStateToken(host: RemoteHost, base: string): Promise<string | undefined> {
  const state = await readStateFile(host, base)
  return state && clusterToken(state)
}

/** The `state` file of a volume, as it is. Undefined where there is none. */
export function readStateFile(host: RemoteHost, base: string): Promise<Buffer | undefined> {
  return readFile(host, `${base}/state`, 64 * 1024)
}
