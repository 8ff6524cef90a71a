import { keysIn, type Rankable } from '../steps/support/clusters.ts'
import { isCandidate } from '../steps/support/rank.ts'
import { type Running as Cluster, runningCluster } from '../steps/support/running.ts'
import type { Unread } from '../steps/support/unread.ts'

/** A copy with all that a choice of the method looks at. */
export interface RecoveryCopy extends Rankable {
  place: 'data' | 'trashcan' | 'backup'
  /** Absent for backups. */
  node?: string | undefined
  path?: string | undefined
  backup?: string | undefined
  /** Which etcd wrote it, where it says so. */
  etcdVersion?: string | undefined
  /** Which member of its cluster it is. */
  memberId?: string | undefined
  member?: string | undefined
  peerUrls?: string[] | undefined
  sizeBytes: number
  walBytes: number
  walWrites?: number | undefined
  /** When it was trashed, or the backup made (ISO 8601). */
  at?: string | undefined
  /** Of a backup, as the store has it. */
  gzBytes?: number | undefined
  /** A backup that the store has and does not give out: what is in it is not known. */
  unread?: Unread | undefined
}

/** What answers now. */
export interface Live {
  keys: number
  clusterId: string
  members?: string[] | undefined
  revision?: number | undefined
}

/** What the cluster's nodes run now. */
export interface Running extends Cluster {
  /** Keys that it serves, else about those of what the nodes run; undefined when nothing runs, or nothing tells. */
  holds: number | undefined
  /** Nodes on which an etcd runs, of whichever cluster. */
  nodes: string[]
}

/** What runs now, as the steps see it: see `runningCluster`. */
export function runningNow(copies: readonly RecoveryCopy[], live: Live | undefined): Running {
  const cluster = runningCluster(copies, live)
  const held = copies.filter(cluster.uses).flatMap((copy) => keysIn(copy) ?? [])
  return {
    ...cluster,
    holds: live?.keys ?? (held.length === 0 ? undefined : Math.max(...held)),
    nodes: copies.flatMap(({ serving, node }) => (serving && node !== undefined ? [node] : [])),
  }
}

/** What may be recovered from: not what runs now, nor an older state of it. */
export const candidates = (copies: readonly RecoveryCopy[], running: Running): RecoveryCopy[] =>
  copies.filter((copy) => isCandidate(copy, running))

export const isOnNode = (copy: RecoveryCopy) => copy.node !== undefined

/** `NODE:TOKEN` as shown, or `NODE:/path` where two are called the same. */
export const isNamed = ({ id, node, path }: RecoveryCopy, name: string) => id === name || `${node}:${path}` === name
