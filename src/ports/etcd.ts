import type { Readable } from 'node:stream'

/** `3.4` to `3.7`: data directories and tools belong together by minor version (FACTS 2). */
export type EtcdMinor = `${number}.${number}`

/** etcd binaries of one version on this machine. 3.4 has no `etcdutl`; from 3.6 on `etcdctl` cannot restore. */
export interface EtcdRelease {
  version: string
  minor: EtcdMinor
  /** Absolute paths. */
  etcd: string
  etcdctl: string
  etcdutl?: string
}

export interface EtcdStatus {
  version: string
  /** Decimal strings of uint64, as etcd prints ids in hex: lower-case hex, no prefix. */
  clusterId: string
  memberId: string
  leaderId: string
  revision: number
  raftTerm: number
  raftIndex: number
  dbSizeBytes: number
  dbSizeInUseBytes: number
}

export interface EtcdMember {
  /** Lower-case hex. */
  id: string
  name: string
  peerUrls: string[]
  clientUrls: string[]
  /** It has no vote. */
  isLearner?: boolean
}

/** An alarm that a member raised. It is kept with the data, also when that member is gone: a restore brings it back. */
export interface EtcdAlarm {
  /** `NOSPACE`: puts are refused. `CORRUPT`: all writes are. Another one of a newer etcd is given as that names it. */
  kind: string
  /** Lower-case hex. */
  memberId: string
}

/** etcd's own hash over all revisions of all keys up to one. Comparable only where the compacted revision is the same. */
export interface KvHash {
  hash: number
  compactRevision: number
}

export interface KeyValue {
  key: Buffer
  value: Buffer
  createRevision: number
  modRevision: number
  version: number
  /** Decimal string; '0' means none. */
  lease: string
}

export interface RangeOptions {
  /** Default: every key. */
  prefix?: string
  /** Read as of this revision. Default: the revision of the first page, for all pages. */
  revision?: number
  keysOnly?: boolean
  signal?: AbortSignal
}

/**
 * A connection to one etcd member. Every call has a deadline (default 10 s); a member that does not answer is
 * `ETCD_UNREACHABLE`. Close it, or the process does not end.
 */
export interface EtcdClient {
  readonly endpoint: string
  status(): Promise<EtcdStatus>
  members(): Promise<EtcdMember[]>
  /** Takes a member out of the cluster, by its id in hex. Needs a quorum. One that is not there is `ETCD_FAILED`. */
  removeMember(id: string): Promise<void>
  /** The number of keys, at a revision when given. Linearizable: it answers only with a quorum. */
  count(options?: { prefix?: string; revision?: number }): Promise<number>
  /** All keys in order, page by page at one revision, in bounded memory. */
  range(options?: RangeOptions): AsyncIterable<KeyValue>
  get(key: string): Promise<KeyValue | undefined>
  put(key: string | Buffer, value: string | Buffer): Promise<void>
  /** Deletes a key if it is still at this mod revision; false if it was not. */
  deleteIfUnchanged(key: Buffer, modRevision: number): Promise<boolean>
  /** All alarms that are raised, by whichever member. */
  alarms(): Promise<EtcdAlarm[]>
  /** Takes one back, for all members; whether what raised it is mended is the caller's to know. */
  disarm(alarm: EtcdAlarm): Promise<void>
  /** Of this member's own data, at a revision above all that was compacted; one that it has not reached is `ETCD_FAILED`. */
  hashKv(revision: number): Promise<KvHash>
  /** Drops what is older than this revision, in all members; resolves when this one has done it. */
  compact(revision: number): Promise<void>
  /** Makes this member's database as small as what it holds. It answers nothing meanwhile: seconds a gigabyte. */
  defragment(): Promise<void>
  /**
   * A snapshot with its trailing SHA-256, verified while it streams: the stream fails with `ETCD_FAILED` when the
   * length or the digest is wrong, however politely the server ended (STACK, etcd3 4).
   */
  snapshot(options?: { signal?: AbortSignal }): Promise<Readable>
  close(): Promise<void>
}

/** A member that this tool runs for itself. No TCP port: unix sockets in a 0700 directory. */
export interface LocalMember {
  readonly release: EtcdRelease
  readonly dataDir: string
  readonly pid: number
  readonly client: EtcdClient
  /** What etcd did to the data at its start that an operator should know: a WAL that it cut, writes that it dropped. */
  readonly notes?: readonly string[]
  /**
   * SIGTERM, then SIGKILL after 10 s. Safe to call twice. Rejects with `ETCD_FAILED`, the process ended, when leases ran
   * out meanwhile: what was made of this directory is not the copy.
   */
  stop(): Promise<void>
}

export interface RestoreOptions {
  /** Only for a plain copy that carries no digest. */
  skipHashCheck?: boolean
  /**
   * How much the revision is to grow; all before it is then marked as compacted, so that a watch from before is told so
   * and never sees a lower revision (etcd-io/etcd 16028). `ETCD_MISSING` where this release cannot: see `canBump`.
   */
  bumpRevision?: number
  signal?: AbortSignal
}

export interface StartOptions {
  /** For a copied member directory: without it the copy would look for its old peers, the production ones (FACTS 2). */
  forceNewCluster?: boolean
  /**
   * `false` leaves it to the kernel when the data reaches the disk: faster, and gone with a power cut. Default: synced, and
   * etcd 3.4 always does.
   */
  isDurable?: boolean
  timeoutMs?: number
  signal?: AbortSignal
}

/**
 * etcd on this machine. All paths are absolute; data directories are made 0700.
 * Nothing that it starts outlives this process: not after an error, not after SIGTERM, not after SIGKILL
 * (the child watches for its parent's death).
 */
export interface LocalEtcd {
  /**
   * Binaries of a minor version: config, PATH, cache, apt, pinned archive, in that order. `ETCD_MISSING` if none. `isHere`:
   * nothing is downloaded.
   */
  find(minor: EtcdMinor, options?: { isHere?: boolean }): Promise<EtcdRelease>
  /** From now on `find` gives the programs in this directory for a minor version. `ETCD_MISSING` when they are others. */
  use?(minor: EtcdMinor, dir: string): Promise<EtcdRelease>
  /** From where `find` would download a minor version that is not here; none: it cannot. */
  downloads?(minor: EtcdMinor): string[]
  /**
   * `snapshot restore` of a database file into a data directory that must not exist. A failed restore leaves no
   * directory (FACTS 2). `skipHashCheck` only for a plain copy that carries no digest.
   */
  restore(release: EtcdRelease, snapshotFile: string, dataDir: string, options?: RestoreOptions): Promise<void>
  /** Whether this release's `snapshot restore` has `--bump-revision` and `--mark-compacted`. */
  canBump(release: EtcdRelease): Promise<boolean>
  /**
   * Starts a member and waits until it serves a linearizable read. `PRECONDITION` when it asks for a user, which is ended in
   * order then, its log replayed. What is in the directory does not change by itself
   * while it runs: the leases that it has are kept from running out, nothing is compacted, and no quota raises an alarm.
   */
  start(release: EtcdRelease, dataDir: string, options?: StartOptions): Promise<LocalMember>
}

/** The cluster's own etcd, through the control plane. */
export interface LiveEtcd {
  /**
   * A client of the member on this node (or on the first node that answers), over a forwarded port with the node's own
   * client certificate, kept in memory only. `ETCD_UNREACHABLE` names the nodes and what each said.
   */
  connect(options?: { node?: string; timeoutMs?: number }): Promise<EtcdClient>
  /**
   * What `connect` needs beside an etcd that answers: nodes whose client certificate is missing, has ended or does not
   * belong to its key. `PRECONDITION` when that is every one.
   */
  mustBeReadable?(): Promise<{ node: string; why: string }[]>
}
