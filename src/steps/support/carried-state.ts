import type { RaisedAlarm } from '../../bolt/index.ts'
import type { ErrorCode } from '../../errors/table.ts'
import type { Seen } from '../../seen/index.ts'
import type { Disarm } from './disarm.ts'

/**
 * How the data is used. `return`: the directories themselves. `seed`: a snapshot of a working copy, under etcd. `restore`:
 * etcd-manager reads a backup and puts key by key into a new cluster, to which nothing else comes along (FACTS 4).
 */
export type StateWay = 'return' | 'seed' | 'restore'

/** State of an etcd, beside its keys, as the copy that is to be used has it. What could not be read is `unseen`. */
export interface CarriedState {
  way: StateWay
  alarms: Seen<readonly RaisedAlarm[]>
  /** `turned-off`: on in the copy, and off in what is made of it. */
  auth: Seen<'on' | 'off' | 'turned-off'>
  /** Names or ids; absent where the new cluster has a list of its own. */
  learners: Seen<readonly string[]>
  /** Absent: none was begun. */
  downgradeTo: Seen<string>
  /** Of the cluster that wrote the data, and of the etcd that will run on it. */
  version: { data: Seen<string>; runs: Seen<string> }
  size: DataSize
  quotas: readonly { node: string; quota: Seen<number> }[]
  /** The member that the copy is of. */
  memberId?: string | undefined
  disarm: Disarm
}

export interface DataSize {
  /** Of the database file. */
  bytes: number
  /** Of its pages without the free ones; unseen in older journals. */
  inUse: Seen<number>
  /** Keys and values alone: what no compaction makes smaller. */
  live: number
}

/** What is told only; what a person must agree to; what is not done. */
export type Finding = {
  say: string
  /** prove-writes makes the database smaller before the first write. */
  makesRoom?: true
} & (
  | { is: 'told' }
  | { is: 'asked'; code: StateCode; question: string; default?: boolean }
  | { is: 'refused'; code: ErrorCode; hint: string }
)

/**
 * What `--set accept=` takes. A full database is answered by `disarm`, and so is the alarm CORRUPT where it comes along;
 * where it does not, `corrupt` agrees to the copy alone, and says nothing of alarms that the new cluster may raise.
 */
export const ACCEPTED = ['auth', 'corrupt', 'downgrade', 'quota'] as const
export type StateCode = (typeof ACCEPTED)[number] | 'corrupt-alarm' | 'full'

export const told = (say: string): Finding => ({ is: 'told', say })

export const whyOf = (seen: Seen<unknown>): string => (seen.is === 'unseen' ? `: ${seen.why}` : '')
