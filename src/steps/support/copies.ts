import type { MemberPeek } from '../../bolt/index.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Copy } from '../facts.ts'
import { foreignCluster } from './foreign.ts'
import { type Look, lookOn } from './look.ts'

/** Every copy on one node, as steps know them. `cluster`: the Kubernetes cluster that is to be recovered. */
export async function copiesOn(host: RemoteHost, globs: string[], cluster: string): Promise<Copy[]> {
  return (await lookOn(host, globs)).map((look) => toCopy(look, cluster))
}

function toCopy({ host, dir, serving, peek, sources, findings }: Look, cluster: string): Copy {
  const bytesOf = (suffix: RegExp) =>
    dir.files.filter((file) => suffix.test(file.path)).reduce((sum, file) => sum + file.bytes, 0)
  return {
    id: `${host.name}:${dir.token}`,
    node: host.name,
    token: dir.token,
    path: dir.path,
    place: dir.place,
    serving,
    sizeBytes: bytesOf(/^member\/snap\/db$/),
    walBytes: bytesOf(/^member\/wal\/.*\.wal$/),
    trashedAt: dir.changedAt.getTime(),
    etcdCluster: peek?.guess ?? 'unknown',
    findings,
    ...(sources && { bytesRead: sources.bytesRead() }),
    ...(peek && inside(peek, cluster)),
  }
}

/** What a look says of the copy, without what it does not know: facts are journaled as JSON. */
export function inside(peek: MemberPeek, cluster: string): Partial<Copy> {
  const { revision, consistentIndex, term, sizeInUseBytes, differentKeys, self } = peek
  const { clusterId, memberId, walTerm, walIndex, walWrites, walWritesExact } = peek
  const found = {
    ...{ revision, consistentIndex, term, sizeInUseBytes },
    ...{ clusterId, memberId, walTerm, walIndex, walWrites, walWritesExact },
    kinds: peek.keySample.prefixes,
    etcdVersion: peek.etcdVersion,
    recordsKept: differentKeys,
    member: self?.name,
    peerUrls: self?.peerUrls,
    members: peek.members.map(({ id }) => id).sort(),
    memberList: peek.members.map(({ id, name, peerUrls }) => ({ id, name, peerUrls })),
    foreign: foreignCluster(peek.members, cluster),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined))
}

/** The base directory on this node that holds the data of an etcd cluster, by what is inside its databases. */
export function baseOf(copies: readonly Copy[], etcdCluster: string): string | undefined {
  const held = copies.filter((copy) => copy.etcdCluster === etcdCluster)
  const copy = held.find(({ serving }) => serving) ?? held[0]
  return copy && volumeOf(copy.path)
}

/** The base directory of the volume that this data directory lies on. */
export const volumeOf = (path: string): string => path.replace(/\/data(-trashcan)?\/[^/]+$/, '')
