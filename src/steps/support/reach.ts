import type { Rankable } from './clusters.ts'

/** Of logs that reach equally far: what needs no repair before what does. */
const ORDER: Record<string, number> = { whole: 0, unread: 1, none: 2, 'ends-torn': 3 }
const WORST = 4

/** etcd does not start on these, or starts and drops writes: nothing that is put back as it is. */
const NEVER_ALONE = new Set(['damaged', 'gap', 'behind-database', 'snapshot-ahead', 'database-lost'])

/** Why a directory is never put back as it is; undefined where it can be, as far as is known. */
export const unfitAlone = ({ log }: Rankable): string | undefined =>
  log !== undefined && NEVER_ALONE.has(log.state) ? WORDS[log.state] : undefined

const WORDS: Record<string, string> = {
  damaged: 'its log is damaged',
  gap: 'files of its log are missing',
  'behind-database': 'its log ends before what its database holds',
  'snapshot-ahead': 'its database is older than the raft snapshot beside it',
  'database-lost': 'it has no database that can be opened',
}

/** 0 is best. */
export const logOrder = ({ log }: Rankable): number => (log === undefined ? 1 : (ORDER[log.state] ?? WORST))

/**
 * How far a copy reaches in the log of its cluster: as far as its database or its log, whichever is further; of a log
 * that etcd refuses, as far as a repaired working copy can.
 */
export function reach(copy: Rankable): { term: number | undefined; index: number | undefined } {
  const { term, consistentIndex, walTerm, log } = copy
  const ofLog = unfitAlone(copy) === undefined ? (log?.usableTo ?? copy.walIndex) : log?.usableTo
  if (ofLog === undefined || ofLog < (consistentIndex ?? 0)) return { term, index: consistentIndex }
  return { term: walTerm ?? term, index: ofLog }
}

/** No database can be read, and no log makes one anew. */
export const isUnusable = ({ revision, log }: Rankable): boolean =>
  revision === undefined && !(log?.state === 'database-lost' && (log.usableTo ?? 0) > 0)
