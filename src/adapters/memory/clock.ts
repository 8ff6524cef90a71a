import type { Clock } from '../../ports/clock.ts'

export interface MemoryClock extends Clock {
  /** Lets time pass and wakes who slept until then. */
  advance(ms: number): void
  /** How long was slept in all, in milliseconds. */
  readonly slept: number
}

/**
 * A clock that stands still. With `auto`, who sleeps moves it: a sleep takes one turn of the event loop and its time
 * passes at once; it is never shorter than `leapMs`, so that a long wait comes to its end after few looks.
 */
export function memoryClock(options: { start?: string; auto?: boolean; leapMs?: number } = {}): MemoryClock {
  const { start = '2024-03-21T13:00:00Z', auto = true, leapMs = 0 } = options
  let now = Date.parse(start)
  let slept = 0
  const sleepers = new Set<{ until: number; wake(): void }>()
  const advance = (ms: number) => {
    now += ms
    for (const sleeper of sleepers) if (sleeper.until <= now) sleeper.wake()
  }
  return {
    now: () => new Date(now),
    advance,
    get slept() {
      return slept
    },
    sleep: (asked, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const ms = Math.max(asked, leapMs)
        slept += ms
        const onAbort = () => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const wake = () => {
          sleepers.delete(sleeper)
          signal?.removeEventListener('abort', onAbort)
          resolve()
        }
        const sleeper = { until: now + ms, wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', onAbort, { once: true })
        if (auto) setImmediate(() => sleepers.has(sleeper) && advance(Math.max(0, sleeper.until - now)))
      }),
  }
}
