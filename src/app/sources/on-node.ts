import { RescueError } from '../../errors/rescue-error.ts'
import { find } from '../../node/find.ts'
import { memberSources } from '../../node/member-sources.ts'
import { openRemoteFile } from '../../node/page-source.ts'
import type { Search } from '../../node/search.ts'
import { type DataDir, findVolumes, listDataDirs } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import { mustBeNoArchive } from './archive.ts'
import { isGzip, kindOfFile } from './kind.ts'
import type { Opening } from './opening.ts'

/** A data directory, its `member/`, a database or a snapshot on a node, read in pieces over SSH. */
export async function openOnNode(host: RemoteHost, path: string, signal: AbortSignal): Promise<Opening> {
  const dir = await dataDirAt(host, path.replace(/\/+$/, ''))
  if (dir) return openDir(host, dir, signal)
  const file = await openRemoteFile(host, path, signal)
  if (file.size === 0) throw noCopy(host, path, 'it is empty')
  if (await isGzip((bytes) => file.read(0, Math.min(bytes, file.size)))) {
    throw noCopy(host, path, 'a gzip on a node cannot be read in pieces')
  }
  await mustBeNoArchive(file, `${host.name}: ${path}`, undefined)
  return {
    kind: kindOfFile(file.size),
    node: host.name,
    path,
    db: file,
    wal: [],
    snap: [],
    findings: [],
    close: nothing,
  }
}

/** The directory of a token, wherever it lies on the node. `COPY_NOT_FOUND` when it does not, or lies there twice. */
export async function openToken(
  host: RemoteHost,
  token: string,
  volumes: readonly string[],
  signal: AbortSignal,
): Promise<Opening> {
  const bases = await findVolumes(host, volumes)
  const listed = await Promise.all(bases.found.map((base) => listDataDirs(host, base)))
  const dirs = listed.flatMap((one) => one.found)
  const [found, other] = dirs.filter((dir) => dir.token === token)
  if (!found)
    throw noToken(host, token, { found: dirs, unsearched: [bases, ...listed].flatMap((one) => one.unsearched) })
  if (other) {
    throw new RescueError('COPY_NOT_FOUND', `${host.name}:${token} lies there twice: ${found.path} and ${other.path}`, {
      hint: `name one by its path: ssh://${host.name}${found.path}`,
    })
  }
  return { ...openDir(host, found, signal), token }
}

function openDir(host: RemoteHost, dir: DataDir, signal: AbortSignal): Opening {
  const sources = memberSources(host, dir, signal)
  if (!sources) throw noCopy(host, dir.path, 'there is neither member/snap/db nor a WAL in it')
  return { kind: 'member', node: host.name, path: dir.path, findings: [], close: nothing, ...sources }
}

/** The directory that holds `member/`, when the path names it or its `member/`. */
async function dataDirAt(host: RemoteHost, path: string): Promise<DataDir | undefined> {
  const base = path.endsWith('/member') ? path.slice(0, -'/member'.length) : path
  const found = await find(host, [`${base}/member`], ['-maxdepth', '2', '-type', 'f'])
  if (found.length === 0) return undefined
  const files = found.map(({ path: file, bytes, modifiedAt }) => ({
    path: file.slice(base.length + 1),
    bytes,
    modifiedAt,
  }))
  const token = base.slice(base.lastIndexOf('/') + 1)
  return {
    token,
    place: 'data',
    path: base,
    changedAt: new Date(0),
    inodes: [],
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  }
}

const nothing = async () => {}

function noCopy(host: RemoteHost, path: string, why: string): RescueError {
  return new RescueError('COPY_NOT_FOUND', `${host.name}: ${path} cannot be looked into: ${why}`, {
    hint: 'see what there is with: etcd-rescue scan',
  })
}

/** What was not looked into may be where it lies. */
function noToken(host: RemoteHost, token: string, { found, unsearched }: Search<DataDir>): RescueError {
  const known = found.slice(0, 20).map((dir) => `${host.name}:${dir.token}`)
  const places = unsearched.slice(0, 5).map(({ path, why }) => `${path ?? 'a part of it'} (${why})`)
  const but = places.length === 0 ? '' : `, and could not be searched in: ${places.join('; ')}`
  return new RescueError('COPY_NOT_FOUND', `no copy ${JSON.stringify(token)} was found on ${host.name}${but}`, {
    hint: known.length === 0 ? 'look at volumes: in etcd-rescue.yaml' : `there are: ${known.join(', ')}`,
  })
}
