import type { MemberLog } from '../../../bolt/index.ts'

/** What was done to a working copy so that an etcd can start on it. */
export interface Prepared {
  /** One sentence each, for the operator. None: it is as it was fetched. */
  did: string[]
  /** Entries at the end of the log that were not marked as committed, and are now. */
  marked: number
  /** The last entry that an etcd on it must hold; below that, this way has failed. Absent: not known. */
  reach?: number
  /** Why acknowledged writes may be missing all the same. A person must say whether that is enough. */
  loses?: string
}

/**
 * One way to bring back what a member directory holds. Ways are tried in order, each on a working copy of its own, and
 * none is believed before an etcd has started on it and holds what was promised.
 */
export interface Way {
  /** In words, as in "... did not help". */
  title: string
  /** It takes the database as it is, so it is of no use where that is damaged. */
  needsDatabase: boolean
  /** Changes the working copy (`<dir>/member`), or says in a sentence why there is nothing to do for it. */
  prepare(member: string, signal: AbortSignal): Promise<Prepared | { not: string }>
}

/** What a log lacks that was cut: more than the last record of a power cut, of which nobody was told. */
export function lossOf(log: MemberLog): string | undefined {
  const isBroken = log.state === 'damaged' || log.state === 'gap'
  // files before it that do not go on are older than what the database holds
  const isOnlyBefore = log.filesBefore.length > 0 && log.filesAfter.length === 0 && log.end?.isTorn !== true
  const isCut = (isBroken && !isOnlyBefore) || log.filesAfter.length > 0
  return isCut
    ? `what was behind entry ${log.lastIndex ?? log.startsAt ?? 0} of its log is lost (${log.why})`
    : undefined
}
