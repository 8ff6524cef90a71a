import { isAbort, RescueError, WithheldError } from '../errors/rescue-error.ts'
import type { Clock } from '../ports/clock.ts'
import type { Condition } from './until.ts'

export interface WaitOptions {
  clock: Clock
  signal: AbortSignal
  /** Scales how often is looked: 10 is a real etcd-manager's loop. */
  loopSeconds: number
  onWaiting(last: string, remainingSeconds: number): void
  /** What to type once it can become true. */
  next: string
  /** Called before each look; throws to end the wait. */
  safePoint(): void
}

/** These end a wait whatever its condition says. */
const ALWAYS_FATAL = ['BUG', 'STOPPED', 'LOCK_LOST', 'HOST_KEY_UNKNOWN', 'HOST_KEY_CHANGED']

/** Looks until the condition holds. `TIMED_OUT` carries its name and its last observation (STYLE 7). */
export async function waitUntil<T>(condition: Condition<T>, options: WaitOptions): Promise<T> {
  const { clock, signal, loopSeconds, onWaiting, safePoint } = options
  const everyMs = condition.everyMs ?? Math.max(20, 100 * loopSeconds)
  const deadline = clock.now().getTime() + condition.timeoutMs
  for (;;) {
    safePoint()
    const seen = await look(condition, deadline - clock.now().getTime(), signal)
    if (seen.done) return seen.value
    const remaining = deadline - clock.now().getTime()
    if (remaining <= 0) throw timedOut(condition, seen.last, options.next)
    onWaiting(seen.last, Math.ceil(remaining / 1000))
    await clock.sleep(Math.min(everyMs, remaining), signal)
  }
}

type Seen<T> = { done: true; value: T } | { done: false; last: string }

async function look<T>(condition: Condition<T>, remainingMs: number, signal: AbortSignal): Promise<Seen<T>> {
  try {
    return await withDeadline(condition.look(), Math.max(1000, remainingMs), signal)
  } catch (error) {
    if (!(error instanceof RescueError) || isAbort(error) || error instanceof WithheldError) throw error
    if (ALWAYS_FATAL.includes(error.code) || condition.fatal?.includes(error.code)) throw error
    return { done: false, last: error.message }
  }
}

/** A look that hangs must not outlive the wait. The timer is a real one: what hangs does so in real time. */
function withDeadline<T>(seen: Promise<Seen<T>>, ms: number, signal: AbortSignal): Promise<Seen<T>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => resolve({ done: false, last: 'no answer yet' })), ms)
    const onAbort = () => settle(() => reject(signal.reason))
    const settle = (how: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      how()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    seen.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}

function timedOut(condition: Condition<unknown>, last: string, next: string): RescueError {
  return new RescueError(
    'TIMED_OUT',
    `timed out after ${duration(condition.timeoutMs)}: ${condition.name} — last seen: ${last}`,
    {
      hint: `find out why it is not so; then go on, and it is waited for again: ${next}`,
    },
  )
}

/** `45s`, `3m`, `1m30s`, `2h5m`; below a second `0.3s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms / 100) / 10}s`
  const seconds = Math.round(ms / 1000)
  const parts = [`${Math.floor(seconds / 3600)}h`, `${Math.floor((seconds % 3600) / 60)}m`, `${seconds % 60}s`]
  return parts.filter((part) => !part.startsWith('0')).join('') || '0s'
}
