import type { KnownMembers } from './foreign-log.ts'
import type { NamedSource } from './log-names.ts'
import type { Segment } from './log-segments.ts'
import type { SnapSeen } from './log-start.ts'

/** What of the database the log is held against. */
export interface DbReach extends KnownMembers {
  /** The last entry that it holds; absent where it is not known. */
  consistentIndex?: number | undefined
  /** Why there is no database that can be opened. */
  lost?: string | undefined
  /** From etcd 3.7 on, raft snapshots are taken from the log and no longer from files. */
  etcdVersion?: string | undefined
}

/** Everything that was read, for those who judge it. */
export interface LogRead {
  db: DbReach
  segments: Segment[]
  /** Newest first. */
  snaps: SnapSeen[]
  beside: readonly NamedSource[]
  /** etcd takes raft snapshots from the log itself. */
  byRecord: boolean
}
