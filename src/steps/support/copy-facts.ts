import type { MemberPeek } from '../../bolt/index.ts'
import type { Copy } from '../facts.ts'

type Found = Pick<Copy, 'etcdCluster'> & Partial<Copy>

/** What a look into a member says of the copy, in the words of `copySchema`. */
export function copyFacts(found: MemberPeek): Found {
  const { guess, keySample, revisionsKept, self, etcdVersion } = found
  const { revision, consistentIndex, term, sizeInUseBytes } = found
  const { clusterId, memberId, walTerm, walIndex, walWrites, walWritesExact } = found
  return present({
    etcdCluster: guess,
    kinds: keySample.prefixes,
    etcdVersion: etcdVersion === '' ? undefined : etcdVersion,
    recordsKept: revisionsKept === undefined ? undefined : Math.round(revisionsKept),
    member: self?.name,
    peerUrls: self?.peerUrls,
    members: found.members.map(({ id }) => id).sort(),
    ...{ revision, consistentIndex, term, sizeInUseBytes },
    ...{ clusterId, memberId, walTerm, walIndex, walWrites, walWritesExact },
  })
}

/** Without the fields that are not known: they are journaled as JSON. */
function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}
