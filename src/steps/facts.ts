import { z } from 'zod'
import { copySchema, unsearchedSchema } from './copy.ts'

export type { Copy, Unsearched } from './copy.ts'

const bytes = z.number().int().nonnegative()
const keys = z.number().int().nonnegative()
const revision = z.number().int().nonnegative()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
/** Of this machine, when it was made; absent when it was synced to the disk: see `mustBeOfThisBoot`. */
const boot = z.string().optional()
const minor = z.string().regex(/^\d+\.\d+$/)

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
  /** It is put back, and counts in no quorum. */
  isLearner: z.boolean().optional(),
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
  /** Of a member without a vote: it answers no linearizable read. */
  isLearner: z.boolean().optional(),
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
  /** What the search for them did not see. Not known, which is not "nothing", in a journal from before it was asked for. */
  unsearched: z.array(unsearchedSchema),
  copy: copySchema,
  /** The copies of one token: the members of one incarnation of the etcd cluster, each on its node. */
  generation: z.object({
    token: z.string(),
    clusterId: z.string(),
    /** How many members with a vote the cluster had. */
    size: z.number().int().positive(),
    members: z.array(generationMember),
    /** Control-plane nodes that have no directory of it. */
    missing: z.array(z.string()),
  }),
  /**
   * How the revision that is returned to compares with the highest that clients can have seen since. Who has seen more
   * waits in silence (FACTS 5). Absent in older journals. `unknown`: nothing tells what they have seen.
   */
  backwards: z.object({
    isBackwards: z.boolean().or(z.literal('unknown')),
    running: revision.optional(),
    returned: revision.optional(),
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
  seed: z.object({
    minor,
    revision,
    bumpedBy: z.number().int().nonnegative(),
    /** Nodes that have no volume, and are gone on without, as was agreed. */
    without: z.array(z.string()).optional(),
  }),
  fenced: z.object({ nodes: z.array(z.string()) }),
  /** `at`: Unix ms by this machine's clock, when the first etcd-manager was told to stop. */
  stopped: z.object({ nodes: z.array(z.string()), at: z.number(), clusterIdBefore: z.string().optional() }),
  /** `at`: Unix ms, when the last directory was in place. */
  swapped: z.object({ nodes: z.array(z.string()), at: z.number() }),
  fetched: z.object({ dir: z.string(), bytes, files: z.array(fetchedFile), boot }),
  checked: z.object({
    minor,
    /** Of the database alone; 0 where it is damaged. */
    revision,
    keys,
    sizeBytes: bytes,
    findings: z.array(z.string()),
    /** Why the database cannot be used as it is, where its log brings it back all the same. */
    damage: z.string().optional(),
  }),
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
    /** Authentication is on in the copy, and was turned off in the working copy. */
    authOff: z.boolean().optional(),
    /** What had to be mended on the working copy before an etcd started on it: the original does not start like this. */
    mended: z.array(z.string()).optional(),
  }),
  snapshot: z.object({ path: z.string(), bytes, sha256, boot }),
  gz: z.object({ path: z.string(), bytes, sha256, boot }),
  backup: z.object({
    name: z.string(),
    store: z.string(),
    bytes,
    etcdVersion: z.string(),
    /** The backup whose bytes these are, when they were copied to a name that no clean-up deletes. */
    from: z.string().optional(),
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
    /** Of its database. Absent in older journals. */
    size: z.object({ bytes, inUseBytes: bytes }).optional(),
    /** Authentication is on in the bytes that this is a trial of, and was turned off here to read them. */
    authOff: z.boolean().optional(),
    /** From which backup the copy can be made again, when it is no longer on this machine. */
    backup: z.string().optional(),
    /** What is not known of the etcd-managers that are to restore it, and was agreed to. */
    doubts: z.array(z.string()).optional(),
  }),
  /** What was agreed on, before anything is changed, for the state that comes with the data. */
  state: z.object({
    disarm: z.enum(['ask', 'nospace', 'all', 'no']),
    /** The database stands at its quota: it is made smaller before the first write, alarm or not. */
    makesRoom: z.boolean(),
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
    /** Since etcd-manager was stopped, or told to restore. */
    seconds: z.number(),
    /** From the last answer of the cluster before to the first of this one with all its keys; absent where the two are one. */
    outageSeconds: z.number().optional(),
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
  /**
   * Each member's data against the one that was compared with the copy. `unseen` could not be compared, and says why: it is
   * neither the same nor different.
   */
  members: z.array(
    z.object({ node: z.string(), is: z.enum(['same', 'differs', 'unseen']), why: z.string().optional() }),
  ),
} satisfies Record<string, z.ZodType>

export type Facts = { [K in keyof typeof facts]: z.infer<(typeof facts)[K]> }
export type FactName = keyof Facts
