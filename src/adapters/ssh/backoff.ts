const BACKOFF_MS = 250
const BACKOFF_MAX_MS = 4_000

/** Half fixed, half random, so that many that were dropped together don't come back together. */
export function backoff(attempt: number): number {
  const most = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1))
  return most / 2 + Math.random() * (most / 2)
}
