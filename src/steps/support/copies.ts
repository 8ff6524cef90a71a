import type { MemberPeek } from '../../bolt/index.ts'
import type { Search } from '../../node/search.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'
import { foreignCluster } from './foreign.ts'
import { type Look, lookOn } from './look.ts'
import { clusterOf, servingOf } from './runs-now.ts'

/** Every copy on one node, as steps know them. `cluster`: the Kubernetes cluster that is to be recovered. */
export async function copiesOn(host: RemoteHost, globs: string[], cluster: string): Promise<Search<Copy>> {
  const { found, unsearched } = await lookOn(host, globs)
  return { found: found.map((look) => toCopy(look, cluster)), unsearched }
}

/** Of a copy, what tells where it lies, whose it is and whether an etcd runs on it. */
export type Held = Pick<Copy, 'path' | 'etcdCluster' | 'serving'>

/** Where each copy on one node lies, whose it is, and whether an etcd runs on it: looked at anew, and read only where need be. */
export async function heldOn(host: RemoteHost, globs: string[]): Promise<Search<Held>> {
  const { found, unsearched } = await lookOn(host, globs, { onlyCluster: true })
  const toHeld = (look: Look): Held => ({ path: look.dir.path, etcdCluster: clusterOf(look), ...servingOf(look) })
  return { found: found.map(toHeld), unsearched }
}

function toCopy(look: Look, cluster: string): Copy {
  const { host, dir, named, peek, sources, findings } = look
  const bytesOf = (suffix: RegExp) =>
    dir.files.filter((file) => suffix.test(file.path)).reduce((sum, file) => sum + file.bytes, 0)
  return {
    id: `${host.name}:${dir.token}`,
    node: host.name,
    token: dir.token,
    path: dir.path,
    place: dir.place,
    ...servingOf(look),
    named,
    sizeBytes: bytesOf(/^member\/snap\/db$/),
    walBytes: bytesOf(/^member\/wal\/.*\.wal$/),
    trashedAt: dir.changedAt.getTime(),
    etcdCluster: clusterOf(look),
    findings,
    ...(sources && { bytesRead: sources.bytesRead() }),
    ...(peek && inside(peek, cluster)),
  }
}

/** What a look says of the copy, without what it does not know: facts are journaled as JSON. */
export function inside(peek: MemberPeek, cluster: string): Partial<Copy> {
  const { revision, consistentIndex, term, sizeInUseBytes, differentKeys, liveKeys, self } = peek
  const { clusterId, memberId, walTerm, walIndex, walWrites, walWritesExact } = peek
  const { log, alarms, authEnabled, learners } = peek
  const found = {
    ...{ revision, consistentIndex, term, sizeInUseBytes },
    ...{ clusterId, memberId, walTerm, walIndex, walWrites, walWritesExact },
    ...{ log, alarms, authEnabled, learners },
    kinds: peek.keySample.prefixes,
    etcdVersion: peek.etcdVersion,
    recordsKept: differentKeys,
    keysKept: liveKeys,
    member: self?.name,
    peerUrls: self?.peerUrls,
    members: peek.members.map(({ id }) => id).sort(),
    memberList: peek.members.map(({ id, name, peerUrls }) => ({ id, name, peerUrls })),
    foreign: foreignCluster(peek.members, cluster),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

/** The base directory of the volume that this data directory lies on. */
export const volumeOf = (path: string): string => path.replace(/\/data(-trashcan)?\/[^/]+$/, '')
