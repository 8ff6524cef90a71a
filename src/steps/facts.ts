import { z } from 'zod'

const bytes = z.number().int().nonnegative()
const keys = z.number().int().nonnegative()
const revision = z.number().int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** Of this machine, when it was made; absent when it was synced to the disk: see `mustBeOfThisBoot`. */
const boot = z.string().optional()
const minor = z.string().regex(/^\d+\.\d+$/)

/** One copy of an etcd member's data on a node, as far as a few pages of its database tell. */
export const copySchema = z.object({
  /** `<node>:<token>`, what `--copy` takes. */
  id: z.string(),
  node: z.string(),
  token: z.string(),
  /** Absolute path of the token's directory on the node; `member/` is below it. */
  path: z.string(),
  place: z.enum(['trashcan', 'data']),
  /** The directory that the node's etcd-manager runs now, by its `state` file. */
  serving: z.boolean(),
  etcdCluster: z.string(),
  clusterId: z.string().optional(),
  etcdVersion: z.string().optional(),
  revision: revision.optional(),
  /** Records of different keys in the database, by a few pages: an estimate, above the keys by those that were deleted. */
  recordsKept: z.number().optional(),
  sizeBytes: bytes,
  walBytes: bytes,
  /** Raft term and index of the last entry in the newest WAL file: how far this member's log reaches. */
  walTerm: z.number().optional(),
  walIndex: z.number().optional(),
  /** Writes that are only in the WAL: what it adds to `revision`. An estimate unless `walWritesExact`. */
  walWrites: z.number().optional(),
  walWritesExact: z.boolean().optional(),
  memberId: z.string().optional(),
  /** Ids of all members that the database names. */
  members: z.array(z.string()).optional(),
  /** The same with their names and peer URLs. */
  memberList: z.array(z.object({ id: z.string(), name: z.string(), peerUrls: z.array(z.string()) })).optional(),
  /** The Kubernetes cluster that its members belong to, when it is not this one. */
  foreign: z.string().optional(),
  /** The member's name and its peer URLs, as its own cluster knew it. */
  member: z.string().optional(),
  peerUrls: z.array(z.string()).optional(),
  /** The last entry of the log that the database holds, and its term (absent before etcd 3.5). */
  consistentIndex: z.number().optional(),
  term: z.number().optional(),
  sizeInUseBytes: bytes.optional(),
  /** Sampled keys by where they live: `/registry/pods` 12. */
  kinds: z.record(z.string(), z.number()).optional(),
  /** Bytes of the node's files that were read to find all this out. */
  bytesRead: bytes.optional(),
  /** Unix ms of the directory's ctime: the moment of trashing (FACTS 2). */
  trashedAt: z.number().optional(),
  findings: z.array(z.string()),
})
export type Copy = z.infer<typeof copySchema>

const fetchedFile = z.object({ path: z.string(), bytes, sha256 })

/** A member of etcd-manager's cluster as its `state` names it. */
const stateNode = z.object({
  name: z.string(),
  peerUrls: z.array(z.string()),
  clientUrls: z.array(z.string()),
  quarantinedClientUrls: z.array(z.string()),
  tlsEnabled: z.boolean(),
})

const generationMember = z.object({
  node: z.string(),
  /** Of the token's directory, and of the volume that it is on. */
  path: z.string(),
  base: z.string(),
  memberId: z.string(),
  name: z.string(),
  peerUrls: z.array(z.string()),
})
export type GenerationMember = z.infer<typeof generationMember>

const seat = z.object({
  node: z.string(),
  /** The base directory of the volume. */
  base: z.string(),
  /** Of the member of this node. */
  name: z.string(),
  /** The directory that becomes `data/<token>`. Absent: the member starts without data, and its peers send it theirs. */
  source: z.string().optional(),
  /** Of the member whose directory is lost: it may have to be removed before its node can join again. */
  lostMemberId: z.string().optional(),
})
export type Seat = z.infer<typeof seat>

/** What one way of restoring holds. `failed` says why it could not be used. */
const wayResult = z.object({ revision, keys }).or(z.object({ failed: z.string() }))

/**
 * What steps give to later steps. Plain values: they are journaled and read back on resume.
 * Paths are absolute paths below the run's scratch on this machine.
 */
export const facts = {
  copies: z.array(copySchema),
  copy: copySchema,
  /** The copies of one token: the members of one incarnation of the etcd cluster, each on its node. */
  generation: z.object({
    token: z.string(),
    clusterId: z.string(),
    /** How many members the cluster had. */
    size: z.number().int().positive(),
    members: z.array(generationMember),
    /** Control-plane nodes that have no directory of it. */
    missing: z.array(z.string()),
  }),
  /** Which directory etcd-manager is to find on each node as `data/<token>`, and what its `state` is to say. */
  placement: z.object({
    token: z.string(),
    /** The cluster's id, where it is known before the start. */
    clusterId: z.string().optional(),
    etcdVersion: z.string(),
    members: z.array(stateNode),
    seats: z.array(seat),
  }),
  /** Copies that nothing ever writes to: on the node, or on this machine. */
  aside: z.object({
    dirs: z.array(z.object({ node: z.string(), path: z.string(), bytes, where: z.enum(['node', 'here']) })),
    /** Nodes whose directory is started from without a copy: the operator said so. */
    without: z.array(z.string()),
  }),
  seed: z.object({ minor, revision, bumpedBy: z.number().int().nonnegative() }),
  fenced: z.object({ nodes: z.array(z.string()) }),
  /** `at`: Unix ms by this machine's clock, when the first etcd-manager was told to stop. */
  stopped: z.object({ nodes: z.array(z.string()), at: z.number(), clusterIdBefore: z.string().optional() }),
  /** `at`: Unix ms, when the last directory was in place. */
  swapped: z.object({ nodes: z.array(z.string()), at: z.number() }),
  fetched: z.object({ dir: z.string(), bytes, files: z.array(fetchedFile), boot }),
  checked: z.object({ minor, revision, keys, sizeBytes: bytes, findings: z.array(z.string()) }),
  restored: z.object({
    way: z.enum(['wal', 'db']),
    dataDir: z.string(),
    minor,
    version: z.string(),
    revision,
    keys,
    boot,
    wal: wayResult,
    db: wayResult,
  }),
  snapshot: z.object({ path: z.string(), bytes, sha256, boot }),
  gz: z.object({ path: z.string(), bytes, sha256, boot }),
  backup: z.object({
    name: z.string(),
    store: z.string(),
    bytes,
    etcdVersion: z.string(),
    /** How many it must hold, where that is known already. */
    keys: keys.optional(),
  }),
  /** A copy on this machine that the running cluster must equal: what a trial of exactly the bytes to be used gave. */
  expected: z.object({
    keys,
    digest: z.string(),
    /** The revision of that copy at which its keys were read. */
    revision,
    dataDir: z.string(),
    minor,
    /** Of all keys and values together: no backup that holds them is smaller. */
    dataBytes: bytes,
    /** From which backup the copy can be made again, when it is no longer on this machine. */
    backup: z.string().optional(),
  }),
  control: z.object({ memberCount: z.number().int().positive(), etcdVersion: z.string() }),
  saved: z.object({
    name: z.string().optional(),
    keys: keys.optional(),
    revision: revision.optional(),
    clusterId: z.string().optional(),
  }),
  command: z.object({
    key: z.string(),
    backup: z.string(),
    /** Unix ms by this machine's clock. */
    requestedAt: z.number(),
    clusterIdBefore: z.string().optional(),
  }),
  /** Names of the backups that etcd-manager had taken before it was told to do anything. */
  earlierBackups: z.array(z.string()),
  restarted: z.object({ nodes: z.array(z.string()) }),
  restoredLive: z.object({
    clusterId: z.string(),
    seconds: z.number(),
    /** The revision of the running cluster at which it must equal the expected copy. */
    liveRevision: revision,
  }),
  verified: z.object({
    keysExpected: keys,
    keysFound: keys,
    digestMatches: z.boolean(),
    /** Keys that differ and may, by reason. */
    explained: z.record(z.string(), z.number()),
  }),
} satisfies Record<string, z.ZodType>

export type Facts = { [K in keyof typeof facts]: z.infer<(typeof facts)[K]> }
export type FactName = keyof Facts
