import type { PageSource } from '../../bolt/index.ts'

/**
 * `db`: a plain copy of a database file. `member`: a member's directory, with its WAL. `snapshot`: a database and its
 * SHA-256. `backup`: a folder of the backup store, or its `etcd.backup.gz`.
 */
export type SourceKind = 'db' | 'member' | 'snapshot' | 'backup'

/** `0000000000000001-0000000000002711.wal`, `0000000000000002-0000000000002711.snap` */
export interface MemberFile {
  name: string
  source: PageSource
}

/** A copy of an etcd member's data, opened for reading in any order. It may lie on a node or in the backup store. */
export interface OpenedSource {
  /** What the operator typed. */
  label: string
  kind: SourceKind
  /** Name of the node that it lies on. */
  node?: string
  /** Absolute path, or the URL of an object. */
  path: string
  /** The directory's token, of `<node>:<token>`. */
  token?: string
  /** The etcd that wrote a backup, by its meta file. */
  etcdVersion?: string
  db: PageSource
  /** Oldest first; empty for all but a member. */
  wal: MemberFile[]
  /** What else lies beside a member's database: raft snapshots as a rule. */
  snap: MemberFile[]
  /** What was found wrong when it was opened; `unusable: …` where it cannot be restored as it is. */
  findings: string[]
  /** Bytes that came from the node, the store or the disk so far. */
  bytesRead(): number
}
