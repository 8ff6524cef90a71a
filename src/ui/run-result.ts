import type { EventError, RunStatus, StepStatus } from '../engine/events.ts'
import { type LeftNode, leftLine } from '../engine/events.ts'
import type { Proposal } from '../recovery/proposal.ts'
import { count } from '../words/numbers.ts'
import { awayFor } from './away-for.ts'
import { duration } from './text.ts'

/** What `recover`, `run`, `restart` and `runs resume` print with `--json`. */
export interface RescueResult {
  run: string
  runbook: string
  status: RunStatus
  cluster: string
  etcdCluster: string
  /** The copy that was recovered from. */
  source?: { node: string; path: string; token: string; revision?: number; keys?: number }
  /** Absent where none was made. */
  /** `from`: the backup whose bytes it has, under a name that etcd-manager's clean-up never deletes. */
  backup?: { name: string; store: string; from?: string }
  verified?: { keysExpected: number; keysFound: number; digestMatches: boolean; explained?: Record<string, number> }
  /** Of every member of the running cluster, held against the others: `unseen` could not be, and says why. */
  members?: { node: string; is: 'same' | 'differs' | 'unseen'; why?: string | undefined }[]
  /** From when etcd-manager was stopped, or the cluster before answered last, to the first linearizable read of the recovered one. */
  outage?: { seconds: number }
  /** Over the network, from and to nodes and the backup store: copies, snapshots, backups. */
  movedBytes?: number
  steps: { id: string; status: StepStatus; startedAt: string; seconds: number; attempts: number }[]
  /** Nodes without which the run went on, each with the command that mends it. */
  left?: LeftNode[]
  /** Only when failed or cancelled. */
  error?: EventError
  /** What to type next, a line each: how it is resumed, and what stays in force till then. */
  next?: string[]
  /** Steps that `runs undo` would take back, the last first. */
  undoable?: string[]
  /** Of `recover` where it chose: the way that was taken, and the others in their order. */
  proposal?: Proposal
  alternatives?: Proposal[]
  /** Runs of other etcd clusters before this one, under the same fence. */
  others?: RescueResult[]
  /** Etcd clusters that needed no recovery, or have nothing to recover from. */
  leftAlone?: { etcdCluster: string; why: string }[]
  /** Etcd clusters whose recovery was to follow this run, which failed or was stopped. */
  remaining?: string[]
}

/** What the cluster was right before its incident. */
export interface IncidentRecord {
  keys: number
  digest: string
  etcdVersion: string
  store: string
  /** How long it took to build the cluster and to break it. */
  seconds: number
  /** The highest that the cluster acknowledged. */
  revision: number
  /** Lower-case hex, sorted. */
  memberIds: string[]
  /** How many leases with keys attached. */
  leases: number
}

/** The recovered cluster beside `IncidentRecord`, found out by the drill itself. */
export interface Compared {
  keysExpected: number
  keysFound: number
  digestMatches: boolean
  revision: number
  /** Control-plane nodes whose own etcd answers a linearizable read, at most some loops of etcd-manager later. */
  membersServing: number
  sameMembers: boolean
  leasesExpected: number
  /** With all their keys. */
  leasesKept: number
  /** Of the writes that were acknowledged right before the end. */
  writesLost: number
  /** Whether, apart from these, every key and value is what it was. */
  restIsSame: boolean
  /** From the last read of the empty cluster to the first of the recovered one; linearizable, on any node. */
  outageSeconds?: number
}

/** What `drill` prints: the same, and what was in the cluster before the incident. */
export interface DrillResult extends RescueResult {
  incident: IncidentRecord
  /** The recovered cluster compared with what was recorded before the incident, by the drill itself. */
  compared?: Compared
  /** Pods that ran on the workers before the recovery, and how many of them kubelets stopped since. */
  workloads?: { before: number; deleted: number }
  /** Where the sandbox is, with `--keep`. */
  directory?: string
}

/** What `drill --by-hand` prints: the operator's own recovery, compared by the drill. */
export interface ByHandResult {
  status: 'recovered' | 'not-recovered'
  cluster: string
  incident: IncidentRecord
  compared: Compared
}

/** The result in a few lines on stdout; how it went was on stderr. */
export function runLines(result: RescueResult): string[] {
  return [
    ...(result.others ?? []).flatMap((other) => [`etcd ${other.etcdCluster}`, ...runLines(other), '']),
    `run ${result.run}: ${result.runbook}, ${result.status}`,
    ...sourceLines(result),
    ...verifiedLines(result),
    ...memberLines(result),
    ...outageLines(result),
    ...leftLines(result),
    ...undoLines(result),
    ...remainingLines(result),
  ]
}

const FROM: Record<RunStatus, string> = {
  succeeded: 'recovered from',
  failed: 'not recovered; the copy was',
  cancelled: 'not recovered yet; the copy is',
  'dry-run': 'would recover from',
}

function sourceLines({ status, source, backup }: RescueResult): string[] {
  return [
    ...(source ? [`${FROM[status]} ${source.node}:${source.token}, revision ${count(source.revision ?? 0)}`] : []),
    ...(backup ? [`through the backup ${backup.store}/${backup.name}`] : []),
    ...(backup?.from ? [`  a copy of ${backup.from}; it stays, no clean-up deletes it`] : []),
  ]
}

function verifiedLines({ verified }: RescueResult): string[] {
  if (!verified) return []
  const { keysExpected, keysFound, digestMatches, explained = {} } = verified
  const digest = digestMatches ? 'every key and value is the same' : 'KEYS OR VALUES DIFFER'
  const reasons = Object.entries(explained).map(([why, keys]) => `  ${count(keys)} may differ: ${why}`)
  return [`recovered ${count(keysFound)} of ${count(keysExpected)} keys, verified: ${digest}`, ...reasons]
}

/** Those that were not found to be the same: the others are many, and well. */
function memberLines({ members = [] }: RescueResult): string[] {
  return members.flatMap(({ node, is, why }) => {
    if (is === 'same') return []
    return [
      is === 'differs' ? `THE MEMBER ON ${node} DIFFERS: ${why}` : `the member on ${node} was not compared: ${why}`,
    ]
  })
}

/** A run that succeeded without a node is not whole before that node is. */
function leftLines({ left = [] }: RescueResult): string[] {
  return [...new Set(left.map(leftLine))].map((line) => `LEFT TO DO: ${line}`)
}

function remainingLines({ run, remaining = [] }: RescueResult): string[] {
  if (remaining.length === 0) return []
  return [
    `etcd ${remaining.join(', ')} is still to be recovered: etcd-rescue runs resume ${run}, then etcd-rescue recover`,
  ]
}

function outageLines({ outage, proposal }: RescueResult): string[] {
  if (outage === undefined) return []
  const said = proposal === undefined ? '' : ` (${awayFor(proposal)} expected)`
  return [`etcd was away for ${duration(outage.seconds)}${said}`]
}

function undoLines({ run, undoable = [] }: RescueResult): string[] {
  return undoable.length === 0 ? [] : [`to take back ${undoable.join(', ')}: etcd-rescue runs undo ${run}`]
}
