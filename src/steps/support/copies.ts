import { type DbPeek, peekDb } from '../../bolt/index.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import { remoteFileSource } from '../../node/page-source.ts'
import { type DataDir, findVolumes, listDataDirs, readStateToken } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'
import { walEnd } from './wal-end.ts'

/** Every copy on one node: all volumes, `data/` and `data-trashcan/`, told apart by what is inside (FACTS 2). */
export async function copiesOn(host: RemoteHost, globs: string[]): Promise<Copy[]> {
  const bases = await findVolumes(host, globs)
  const found = await Promise.all(
    bases.map(async (base) => {
      const serving = await readStateToken(host, base)
      const dirs = await listDataDirs(host, base)
      return Promise.all(dirs.map((dir) => describe(host, dir, serving)))
    }),
  )
  return found.flat()
}

async function describe(host: RemoteHost, dir: DataDir, servingToken: string | undefined): Promise<Copy> {
  const size = (suffix: RegExp) =>
    dir.files.filter((file) => suffix.test(file.path)).reduce((sum, file) => sum + file.bytes, 0)
  const found = await peek(host, dir)
  return {
    id: `${host.name}:${dir.token}`,
    node: host.name,
    token: dir.token,
    path: dir.path,
    place: dir.place,
    serving: dir.place === 'data' && dir.token === servingToken,
    sizeBytes: size(/^member\/snap\/db$/),
    walBytes: size(/^member\/wal\/.*\.wal$/),
    trashedAt: dir.changedAt.getTime(),
    ...found,
  }
}

type Peeked = Pick<Copy, 'etcdCluster' | 'findings'> & Partial<Copy>

/** A database that cannot be read is a finding of that copy, not the end of the search for others. */
async function peek(host: RemoteHost, dir: DataDir): Promise<Peeked> {
  const db = dir.files.find((file) => file.path === 'member/snap/db')
  if (!db) return { etcdCluster: 'unknown', findings: ['unusable: no member/snap/db'] }
  try {
    const found = await peekDb(remoteFileSource(host, `${dir.path}/${db.path}`, db.bytes))
    const log = await walEnd(host, dir, found.consistentIndex)
    return { ...inDb(found), ...log, ...self(found, log.memberId), findings: [...found.findings, ...log.findings] }
  } catch (error) {
    return { etcdCluster: 'unknown', findings: [`unusable: ${toRescueError(error).message}`] }
  }
}

function inDb(found: DbPeek): Peeked {
  const { guess, revision, revisionsKept, etcdVersion, consistentIndex, term, sizeInUseBytes, keySample } = found
  return {
    etcdCluster: guess,
    findings: [],
    kinds: keySample.prefixes,
    ...(revision === undefined ? {} : { revision }),
    ...(etcdVersion ? { etcdVersion } : {}),
    ...(revisionsKept === undefined ? {} : { recordsKept: Math.round(revisionsKept) }),
    ...(consistentIndex === undefined ? {} : { consistentIndex }),
    ...(term === undefined ? {} : { term }),
    ...(sizeInUseBytes === undefined ? {} : { sizeInUseBytes }),
  }
}

/** Which of the members in the database this one is: only its WAL says. */
function self({ members }: DbPeek, memberId: string | undefined): Partial<Copy> {
  const own = members.find(({ id }) => id === memberId)
  return own ? { member: own.name, peerUrls: own.peerUrls } : {}
}

/** The base directory on this node that holds the data of an etcd cluster, by what is inside its databases. */
export function baseOf(copies: readonly Copy[], etcdCluster: string): string | undefined {
  const held = copies.filter((copy) => copy.etcdCluster === etcdCluster)
  const copy = held.find(({ serving }) => serving) ?? held[0]
  return copy?.path.replace(/\/data(-trashcan)?\/[^/]+$/, '')
}
