import { identify, isNearlyEmpty, keysIn, type Rankable } from './clusters.ts'
import { isCandidate, rivalsOf } from './rank.ts'
import { type Running, runningCluster } from './running.ts'

/** A backup with what is inside, as far as a few pages of it tell. */
export type RankableBackup = Rankable & { at?: string | undefined }

/**
 * The newest backup that is worth restoring. After a loss the newest of all are of the empty cluster (FACTS 1), so those
 * count that are not nearly empty and not of the cluster that runs now.
 */
export function newestGood<T extends RankableBackup>(
  backups: readonly T[],
  running: Running = runningCluster(backups),
): T | undefined {
  const { keysOf } = identify(backups)
  const usable = backups.filter((backup) => isCandidate(backup, running))
  const most = Math.max(0, ...usable.map(keysOf))
  return newest(usable.filter((backup) => !isNearlyEmpty(keysIn(backup) ?? 0, most)))
}

/**
 * The newest good backup of each other cluster than this one's: after an earlier recovery, or where two clusters wrote to
 * one store, only a person can say which is right.
 */
export function goodOfOthers<T extends RankableBackup>(
  best: T,
  backups: readonly T[],
  running: Running = runningCluster(backups),
): T[] {
  const { of } = identify(backups)
  return rivalsOf(best, backups, running).flatMap(
    (rival) =>
      newestGood(
        backups.filter((backup) => of(backup) === of(rival)),
        running,
      ) ?? [],
  )
}

const newest = <T extends RankableBackup>(backups: readonly T[]): T | undefined =>
  [...backups].sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))[0]
