import { identify, isCandidate, type Rankable } from '../steps/support/rank.ts'

/** A copy with all that a choice of the method looks at. */
export interface RecoveryCopy extends Rankable {
  place: 'data' | 'trashcan' | 'backup'
  /** Absent for backups. */
  node?: string | undefined
  path?: string | undefined
  backup?: string | undefined
  /** Which member of its cluster it is. */
  memberId?: string | undefined
  member?: string | undefined
  peerUrls?: string[] | undefined
  sizeBytes: number
  walBytes: number
  walWrites?: number | undefined
  /** When it was trashed, or the backup made (ISO 8601). */
  at?: string | undefined
}

/** What the cluster's nodes run now. */
export interface Running {
  of(copy: RecoveryCopy): boolean
  /** Keys that it serves, else the records of what the nodes run; undefined when nothing runs. */
  holds: number | undefined
  nodes: string[]
}

interface Live {
  keys: number
  clusterId: string
}

/**
 * The cluster that runs now. A member that was away may name an old token in its `state`, so what most nodes run counts,
 * unless etcd itself says which cluster it is.
 */
export function runningNow(copies: readonly RecoveryCopy[], live: Live | undefined): Running {
  const clusters = identify(copies)
  const serving = copies.filter((copy) => copy.serving)
  const votes = new Map<string, RecoveryCopy[]>()
  for (const copy of serving) votes.set(clusters.of(copy), [...(votes.get(clusters.of(copy)) ?? []), copy])
  const [most] = [...votes].sort(([, a], [, b]) => b.length - a.length)
  const id = live?.clusterId ?? most?.[0]
  const records = (votes.get(id ?? '') ?? []).map(({ recordsKept }) => recordsKept ?? 0)
  return {
    of: (copy) => id !== undefined && clusters.of(copy) === id,
    holds: live?.keys ?? (records.length === 0 ? undefined : Math.max(...records)),
    nodes: serving.flatMap(({ node }) => (node === undefined ? [] : [node])),
  }
}

/** What may be recovered from: not what runs now, nor an older state of it. */
export function candidates(copies: readonly RecoveryCopy[], running: Running): RecoveryCopy[] {
  return copies.filter((copy) => isCandidate(copy) && !running.of(copy))
}

export const isOnNode = (copy: RecoveryCopy) => copy.node !== undefined

/** `NODE:TOKEN` as shown, or `NODE:/path` where two are called the same. */
export const isNamed = ({ id, node, path }: RecoveryCopy, name: string) => id === name || `${node}:${path}` === name
