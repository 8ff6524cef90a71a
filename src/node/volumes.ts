import { toRescueError } from '../errors/rescue-error.ts'
import { pathOn, type RemoteHost } from '../ports/remote-host.ts'
import { splitNul, unexpected } from './answers.ts'
import { readFile } from './files.ts'
import { byPath, type DataFile, type FindAnswer, type Found, mustBeBelow, search } from './find.ts'
import type { Search, Unlooked } from './search.ts'
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
  /** Device and inode of the directory and of its database: how a process that runs on it is told, whatever it calls them. */
  inodes: string[]
}

const MARKS = ['data', 'data-trashcan', 'state', 'myid']

/**
 * The etcd-manager base directories that match these globs: those that hold `data`, `data-trashcan`, `state` or `myid`
 * (FACTS 1). Globs are absolute and as seen from the node's own root. Sorted. What below them could not be looked at is
 * `unsearched`; so is a volume that was named without a star and is not there, on a node where nothing else was found.
 */
export async function findVolumes(host: RemoteHost, globs: readonly string[]): Promise<Search<string>> {
  const all = await Promise.all(globs.map((glob) => expand(host, pathOn(host, glob.replace(/\/+$/, '')))))
  const bases = [...new Set(all.flatMap(({ found }) => found))].sort()
  const unsearched = all.flatMap((one) => one.unsearched)
  const named = bases.length === 0 ? all.flatMap(({ lacks }) => lacks) : []
  return { found: bases, unsearched: [...unsearched, ...named] }
}

interface Expanded extends Search<string> {
  /** Named, and not there. */
  lacks: Unlooked[]
}

async function expand(host: RemoteHost, glob: string): Promise<Expanded> {
  if (!glob.startsWith('/')) throw unexpected(host, `the volume ${JSON.stringify(glob)} is not an absolute path`)
  const parts = glob.slice(1).split('/')
  const first = parts.findIndex((part) => /[*?[]/.test(part))
  const fixed = first < 0 ? parts.length : first
  // depth and slashes are fixed, so a star cannot match across a slash
  const depth = parts.length - fixed + 1
  const names = MARKS.flatMap((mark, index) => [...(index === 0 ? [] : ['-o']), '-name', mark])
  const pattern = first < 0 ? [] : ['-path', `${glob}/*`]
  const start = `/${parts.slice(0, fixed).join('/')}`
  const below = (levels: number) => ['-mindepth', `${levels}`, '-maxdepth', `${levels}`, ...pattern, '(', ...names, ')']
  const asked = { host, start, star: first < 0 ? undefined : parts[first], depth, below }
  const answer = await glance(asked)
  const isLacking = first < 0 && answer.gone.includes(start)
  return {
    found: answer.found.map(({ path }) => path.slice(0, path.lastIndexOf('/'))),
    unsearched: [...answer.unsearched, ...answer.found.filter(leadsNowhere).map(broken)],
    lacks: isLacking ? [{ path: start, why: 'it is named in the config and is not there: is its disk mounted?' }] : [],
  }
}

interface Glance {
  host: RemoteHost
  start: string
  /** The first part of the glob that has a star, right below the start. */
  star: string | undefined
  depth: number
  /** What is searched for, so many levels below a starting point. */
  below(levels: number): string[]
}

/** Some directories: much less where all is well. Without a star there is no second look, and a slow disk has its time. */
const GLANCE_MS = 15_000
const OF_ONE_PLACE: readonly string[] = ['HOST_COMMAND', 'HOST_OUTPUT']
const MAX_NAMES = 1000
/** Names alone: to ask for anything more of a mount whose server is gone waits for ever. */
const NAMES = 'cd -- "$1" || exit 1; for f in * .*; do case $f in .|..) ;; $2) printf "%s\\0" "$f";; esac; done'

/**
 * One look at all of it; where that does not come to its end, one at each entry by itself: a mount that hangs keeps what
 * lies beside it from being seen no longer than that, and is `unsearched` alone.
 */
async function glance({ host, start, star, depth, below }: Glance): Promise<FindAnswer> {
  const whole = await ofOnePlace(start, () =>
    search(host, [start], below(depth), star === undefined ? undefined : GLANCE_MS),
  )
  if (!whole.isSilent || star === undefined) return whole
  const argv = ['sh', '-c', NAMES, 'sh', start, star] as const
  const listed = await ofOnePlace(start, async () => {
    const { stdout } = await host.run({ effect: 'read', argv, timeoutMs: GLANCE_MS })
    return { found: splitNul(stdout), unsearched: [], gone: [] }
  })
  if (listed.isSilent || listed.found.length > MAX_NAMES) return whole
  for (const name of listed.found) mustBeBelow(host, [start], `${start}/${name}`)
  const each = listed.found.map((name) =>
    ofOnePlace(`${start}/${name}`, () => search(host, [`${start}/${name}`], below(depth - 1), GLANCE_MS)),
  )
  const all = await Promise.all(each)
  const found = all.flatMap((one) => one.found)
  return { found, unsearched: all.flatMap((one) => one.unsearched), gone: all.flatMap((one) => one.gone) }
}

interface Answered<T> extends Search<T> {
  gone: string[]
  /** It gave no answer that could be read. */
  isSilent?: boolean
}

async function ofOnePlace<T>(path: string, look: () => Promise<Answered<T>>): Promise<Answered<T>> {
  try {
    return await look()
  } catch (error) {
    const { code, message } = toRescueError(error)
    if (!OF_ONE_PLACE.includes(code)) throw error
    return { found: [], unsearched: [{ path, why: message }], gone: [], isSilent: true }
  }
}

/** The trashcan may be a link to another disk: one that is not mounted is not one that is empty. */
const leadsNowhere = ({ kind, path }: Found) => kind === 'other' && /\/data(-trashcan)?$/.test(path)
/** The same of the database, the log or one of its files: a member of which a part was not seen is not one without it. */
const isLostPart = ({ kind, path }: Found) =>
  kind === 'other' && /\/member(\/(wal(\/[^/]+\.wal)?|snap(\/db)?))?$/.test(path)
const broken = ({ path }: Found): Unlooked => ({ path, why: 'it is a link that leads nowhere now' })

/** etcd-manager may archive a directory between two looks. */
const LOOKS = 3

/**
 * Everything under a base directory that an etcd could have run on, in use or thrown away, and what of it could not be
 * looked at. Both empty: it was looked at, and holds none.
 */
export async function listDataDirs(host: RemoteHost, base: string): Promise<Search<DataDir>> {
  // data first: what is archived meanwhile is seen twice, and never not at all
  const places = [`${base}/data`, `${base}/data-trashcan`]
  for (let look = 1; ; look++) {
    const { found, unsearched, gone } = await search(host, places, ['-mindepth', '1', '-maxdepth', '4'])
    const moved = gone.filter((path) => isDirAt(places, path))
    if (moved.length > 0 && look < LOOKS) continue
    const lost = moved.map((path) => ({ path, why: 'it went away each time that it was looked at' }))
    return {
      found: dataDirs(base, found),
      unsearched: [...unsearched, ...lost, ...found.filter(isLostPart).map(broken)],
    }
  }
}

/** A token's directory or its `member`; files come and go while an etcd runs. */
const isDirAt = (places: readonly string[], path: string) =>
  places.some((place) => path.startsWith(`${place}/`) && /^[^/]+(\/member)?$/.test(path.slice(place.length + 1)))

function dataDirs(base: string, found: readonly Found[]): DataDir[] {
  const places = [
    { place: 'data', dir: `${base}/data` },
    { place: 'trashcan', dir: `${base}/data-trashcan` },
  ] as const
  const dirs = places.flatMap(({ place, dir }) => {
    const below = found
      .filter(({ path }) => path.startsWith(`${dir}/`))
      .map((entry) => ({ ...entry, parts: entry.path.slice(dir.length + 1).split('/') }))
    const members = below.filter(({ kind, parts }) => kind === 'directory' && parts[1] === 'member')
    const tokens = new Set(members.map(({ parts }) => parts[0]))
    return below
      .filter(({ parts }) => parts.length === 1 && tokens.has(parts[0] ?? ''))
      .map((entry): DataDir => {
        const { path, changedAt, parts } = entry
        const own = below.filter((one) => one.kind === 'file' && one.parts[0] === parts[0] && one.parts[1] === 'member')
        const db = own.find((one) => one.parts.slice(1).join('/') === 'member/snap/db')
        const files = own.map(({ parts: [, ...rest], bytes, modifiedAt }) => ({
          path: rest.join('/'),
          bytes,
          modifiedAt,
        }))
        const inodes = [entry.inode, ...(db ? [db.inode] : [])]
        return { token: parts[0] ?? '', place, path, changedAt: new Date(changedAt), files: files.sort(byPath), inodes }
      })
  })
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
