import type { Backup } from './backups.ts'

/** Backups of less than this share of the largest one's bytes are of an empty cluster, or before it was filled. */
const LARGE = 0.25

/**
 * Half of them the newest of those that are not small, for the newest of all are worthless after a loss (FACTS 1: 1 kB
 * against 1.7 MB); the rest the newest of the others. Oldest first, as they came.
 */
export function worthALook<T extends Backup>(backups: readonly T[], count: number): T[] {
  const largest = Math.max(0, ...backups.map(({ gzBytes = 0 }) => gzBytes))
  const newestFirst = [...backups].reverse()
  const large = newestFirst.filter(({ gzBytes = 0 }) => gzBytes >= LARGE * largest).slice(0, Math.ceil(count / 2))
  const rest = newestFirst.filter((backup) => !large.includes(backup)).slice(0, Math.max(0, count - large.length))
  return backups.filter((backup) => large.includes(backup) || rest.includes(backup))
}
