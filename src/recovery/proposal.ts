import type { Backwards } from '../steps/support/backwards.ts'

/** The ways to bring an etcd cluster back, the best first; each is a runbook of this name. */
export const METHODS = ['return-in-place', 'seed-in-place', 'rebuild-from-trashcan', 'restore-backup'] as const
export type Method = (typeof METHODS)[number]

/** One way to bring an etcd cluster back: what it takes and gives, or why it cannot be gone. Plain JSON. */
export interface Proposal {
  etcdCluster: string
  method: Method
  possible: boolean
  /** Why it is not possible, or why another one is better although it comes later. */
  why?: string
  /** The next way that is possible; only where this one is not. */
  next?: Method
  source?: ProposalSource
  comesBack: string
  lost: string[]
  /** Until the data is verified, an estimate. */
  seconds: number
  /** How long etcd is away in that time, an estimate: where all goes as on a quiet machine. */
  outageSeconds: number
  /** And the longest that was seen, for this size. Absent in older results. */
  outageMostSeconds?: number
  touches: string[]
  /** Of a return: how its revision compares with what clients can have seen since. */
  revisions?: Backwards
}

/** What it starts from. */
export interface ProposalSource {
  /** `NODE:TOKEN`, or the backup's address. */
  id: string
  node?: string
  path?: string
  token?: string
  backup?: string
  /** With what only the WAL holds. */
  revision?: number
  /** An estimate; deleted ones are not counted. */
  keys?: number
  /** Records in the database, an estimate above the number of keys. */
  records?: number
  /** When it was trashed, or the backup made (ISO 8601). */
  at?: string
}

/**
 * What an etcd cluster needs. `lost`: a copy holds more than what runs. `unclear`: there is a second cluster that is not
 * nearly empty, or not all was searched, and a person must say. `fine`: what runs holds the most. `nothing`: there is no
 * copy. `not-run`: no node runs it.
 */
export type Need = 'lost' | 'unclear' | 'fine' | 'nothing' | 'not-run'

export interface Assessment {
  etcdCluster: string
  need: Need
  /** One sentence for the operator. */
  why: string
  /** What to type; only where a person must decide. */
  hint?: string
  /** The clusters, or histories, of which a person must say the right one: each by its best copy. */
  rivals?: ProposalSource[]
  /** Nodes that answer and have no volume of it, and that nobody said to go on without. */
  volumeless?: string[]
  /** What was found and is not used, and why: for the operator to read. */
  notes?: string[]
  /** All four in their order; none where nothing is needed or there is nothing. */
  proposals: Proposal[]
  /** The one that is taken when nobody says otherwise. */
  best?: Proposal
  /** The operator named a copy or backup of this etcd cluster. */
  named?: true
}
