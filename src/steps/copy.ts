import { z } from 'zod'

const bytes = z.number().int().nonnegative()
const revision = z.number().int().nonnegative()

/**
 * What etcd would make of the log beside the database. `usableTo`: the last index that a working copy can reach once it is
 * mended. `readFrom`: only a log that was read from its beginning can be called whole; from its end, its last records were.
 */
const logSchema = z.object({
  state: z.enum([
    'whole',
    'ends-torn',
    'damaged',
    'gap',
    'behind-database',
    'snapshot-ahead',
    'database-lost',
    'none',
    'unread',
  ]),
  readFrom: z.enum(['beginning', 'end']).optional(),
  why: z.string().optional(),
  usableTo: z.number().optional(),
})

/** One copy of an etcd member's data on a node, as far as a few pages of its database tell. */
export const copySchema = z.object({
  /** `<node>:<token>`, what `--copy` takes. */
  id: z.string(),
  node: z.string(),
  token: z.string(),
  /** Absolute path of the token's directory on the node; `member/` is below it. */
  path: z.string(),
  place: z.enum(['trashcan', 'data']),
  /** An etcd really runs on this directory: a process holds its database. Nobody's claim makes it true. */
  serving: z.boolean(),
  /** The node's own `state` names it. A claim: the node may be stopped, have been away, or the volume be attached beside. */
  named: z.boolean().optional(),
  /** Whether an etcd runs on it could not be told, and why: it may. */
  servingUnseen: z.string().optional(),
  etcdCluster: z.string(),
  clusterId: z.string().optional(),
  etcdVersion: z.string().optional(),
  revision: revision.optional(),
  /** Records of different keys in the database, by a few pages: an estimate, above the keys by those that were deleted. */
  recordsKept: z.number().optional(),
  /** Keys at `revision`, an estimate: deleted ones are not counted. Absent in older journals: then `recordsKept`. */
  keysKept: z.number().optional(),
  sizeBytes: bytes,
  walBytes: bytes,
  /** Raft term and index of the last entry in the newest WAL file: how far this member's log reaches. */
  walTerm: z.number().optional(),
  walIndex: z.number().optional(),
  /** Writes that are only in the WAL: what it adds to `revision`. An estimate unless `walWritesExact`. */
  walWrites: z.number().optional(),
  walWritesExact: z.boolean().optional(),
  log: logSchema.optional(),
  /** Raised in the data: a restored cluster has them again. */
  alarms: z.array(z.enum(['NOSPACE', 'CORRUPT'])).optional(),
  authEnabled: z.boolean().optional(),
  /** Ids of members without a vote. */
  learners: z.array(z.string()).optional(),
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

/** A node, or a path on it, that was not looked at: it may hold copies, and newer ones than all that were found. */
export const unsearchedSchema = z.object({ node: z.string(), path: z.string().optional(), why: z.string() })
export type Unsearched = z.infer<typeof unsearchedSchema>
