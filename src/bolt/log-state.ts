/**
 * What etcd would make of the log beside a database, worst first where several are true:
 *
 * - `none`: there is no WAL file.
 * - `database-lost`: there is no database that can be opened. With a log from index 0, etcd makes it anew.
 * - `gap`: a WAL file is missing, is there twice, or does not go on where the one before ended. etcd refuses it.
 * - `damaged`: a record before the last is damaged or gone, or says what cannot be. etcd refuses it, or goes on without.
 * - `snapshot-ahead`: the newest raft snapshot is beyond the database. etcd panics.
 * - `behind-database`: the log ends before what the database holds. etcd starts, and drops writes without a word.
 * - `ends-torn`: the last record is not whole, or the newest file is empty. etcd starts with what is before.
 * - `unread`: nothing is known to be wrong, and not all of it was read.
 * - `whole`: every record was read, from the beginning, and etcd starts on it.
 */
export type LogState =
  | 'whole'
  | 'ends-torn'
  | 'damaged'
  | 'gap'
  | 'behind-database'
  | 'snapshot-ahead'
  | 'database-lost'
  | 'none'
  | 'unread'

/** `whole` is only ever said of a log that was read from the beginning. */
export interface LogLook {
  state: LogState
  /** `end`: only the last records were read, and nothing is known of those before. Absent: none was. */
  readFrom?: 'beginning' | 'end'
  /** One sentence for the operator; absent where all is well. */
  why?: string
  /** The last index that a repaired copy of it can reach. Absent: not known, or nothing can be made of it. */
  usableTo?: number
}

/**
 * A whole log, read from its first record on, against the database beside it. `usableTo` is what an etcd reaches on a
 * copy that was mended as these fields say, its entries beyond `commit` included.
 */
export interface MemberLog extends LogLook {
  readFrom: 'beginning'
  clusterId?: string
  memberId?: string
  /** The cluster's version, where it is set in these entries: major and minor count. */
  etcdVersion?: string
  /** The first and the last entry that can be read without a fault; absent where there is none. */
  firstIndex?: number
  lastIndex?: number
  lastTerm?: number
  /** The last hard state before any fault. Entries beyond `commit` could have been acknowledged all the same. */
  term?: number
  commit?: number
  /** Entries after the database's index that may change keys: at most this many revisions come on top. */
  writesAfter: number
  /** Where the last whole record before any fault ends: what a mended log is cut at, and goes on from. */
  end?: LogEnd
  /** WAL files of a broken part before those that can be read, which a mended log is without. */
  filesBefore: string[]
  /** WAL files behind `end`, which a mended log is without. */
  filesAfter: string[]
  /** Raft snapshots (names in `member/snap`) that an etcd must not find: beyond the database, or damaged. */
  setAside: string[]
  /** Mended so, the index that etcd reads the log from: a raft snapshot's, or 0. Absent: the database is all there is. */
  startsAt?: number
  /** Without any database and `.snap` file, an etcd makes a database from the log up to this index. Absent: it cannot. */
  rebuildsTo?: number
  findings: string[]
  bytesRead: number
}

export interface LogEnd {
  /** Name of the WAL file. */
  file: string
  /** Where the next record would begin. */
  offset: number
  /** What the next record's CRC goes on from. */
  crc: number
  /** Bytes that are no zeros lie behind it in its file: they must be cut off before a record is appended. */
  isTorn: boolean
}
