import { CLOSE_SHARE, identify, isCandidate, NEARLY_EMPTY, type Rankable } from './rank.ts'

/** A backup with what is inside, as far as a few pages of it tell. */
export type RankableBackup = Rankable & { at?: string | undefined }

/**
 * The newest backup that is worth restoring. After a loss the newest of all are of the empty cluster (FACTS 1), so those
 * count that are not nearly empty and whose cluster holds about as much as any in the store. `isRunning`: of the cluster
 * that runs now.
 */
export function newestGood<T extends RankableBackup>(
  backups: readonly T[],
  isRunning: (backup: T) => boolean = () => false,
): T | undefined {
  const clusters = identify(backups)
  const held = (backup: T) => clusters.records.get(clusters.of(backup)) ?? 0
  const usable = backups.filter((backup) => isCandidate(backup) && !isRunning(backup))
  const most = Math.max(0, ...usable.map(held))
  const good = usable.filter(
    (backup) => held(backup) >= CLOSE_SHARE * most && (backup.recordsKept ?? 0) >= NEARLY_EMPTY * most,
  )
  return good.sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))[0]
}
