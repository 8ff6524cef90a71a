import type { EtcdMember } from './etcd-meta.ts'
import type { WalIds } from './wal-record.ts'

/** Whom a database knows; absent where that could not be read. */
export interface KnownMembers {
  consistentIndex?: number | undefined
  members?: readonly Pick<EtcdMember, 'id'>[] | undefined
  removedMembers?: readonly string[] | undefined
}

/** The first entries of a log make the members; a database from among them may not know all. */
const FIRST_ENTRIES = 20

/**
 * Why a log is not this database's: it is of a member that the database has never heard of, as after an old database was copied
 * into the directory of another cluster. etcd does not look: where that log reaches further it is replayed on top, and what
 * comes of it is neither cluster.
 */
export function foreignLog(db: KnownMembers, ids: Partial<WalIds> | undefined): string | undefined {
  const { members = [], removedMembers = [], consistentIndex = 0 } = db
  const { memberId, clusterId } = ids ?? {}
  if (memberId === undefined || members.length === 0 || consistentIndex <= FIRST_ENTRIES) return undefined
  if (members.some(({ id }) => id === memberId) || removedMembers.includes(memberId)) return undefined
  return `the log is of member ${memberId} of cluster ${clusterId}, which the database does not know: it is not the log of this database; use the database alone`
}
