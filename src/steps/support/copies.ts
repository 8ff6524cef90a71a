import { peekMember } from '../../bolt/index.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import { memberSources } from '../../node/member-sources.ts'
import { type DataDir, findVolumes, listDataDirs, readStateToken } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'
import { copyFacts } from './copy-facts.ts'

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
  const sources = memberSources(host, dir)
  if (!sources) return { etcdCluster: 'unknown', findings: ['unusable: no member/snap/db'] }
  try {
    const found = await peekMember(sources.db, sources.wal)
    const noLog = sources.wal.length === 0 ? ['no WAL: what was acknowledged last may be missing'] : []
    const bytesRead = sources.bytesRead()
    return { ...copyFacts(found), bytesRead, findings: [...found.findings, ...noLog] }
  } catch (error) {
    return { etcdCluster: 'unknown', findings: [`unusable: ${toRescueError(error).message}`] }
  }
}

/** The base directory on this node that holds the data of an etcd cluster, by what is inside its databases. */
export function baseOf(copies: readonly Copy[], etcdCluster: string): string | undefined {
  const held = copies.filter((copy) => copy.etcdCluster === etcdCluster)
  const copy = held.find(({ serving }) => serving) ?? held[0]
  return copy?.path.replace(/\/data(-trashcan)?\/[^/]+$/, '')
}
