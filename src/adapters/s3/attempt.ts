import type { Clock } from '../../ports/clock.ts'
import { DeadlineError, isPassing } from './failure.ts'

export interface AttemptOptions {
  clock: Clock
  /** For one attempt. */
  deadlineMs: number
  signal?: AbortSignal | undefined
}

const ATTEMPTS = 5
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 5_000

/**
 * Runs `work` up to five times while its failures are passing ones, with doubling, jittered pauses between. Every
 * attempt gets a signal that fires at its deadline or with the caller's. Throws the last failure as it is.
 */
export async function attempts<T>(
  options: AttemptOptions,
  work: (signal: AbortSignal, attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted()
    try {
      return await withDeadline(options, (signal) => work(signal, attempt))
    } catch (error) {
      options.signal?.throwIfAborted()
      if (attempt === ATTEMPTS || !isPassing(error)) throw error
      await options.clock.sleep(pauseAfter(attempt), options.signal)
    }
  }
}

/** Half of it certain, half by chance, so that many clients don't come back at the same moment. */
export function pauseAfter(attempt: number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1))
  return full / 2 + (Math.random() * full) / 2
}

/** The SDK can hang after an abort while it waits for a body to be written, so the race is ours. */
async function withDeadline<T>(
  { deadlineMs, signal }: AttemptOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController()
  let fail: (reason: unknown) => void = () => undefined
  const stopped = new Promise<never>((_, reject) => {
    fail = reject
  })
  const stop = (reason: unknown) => {
    own.abort(reason)
    fail(reason)
  }
  const onAbort = () => stop(signal?.reason)
  const timer = setTimeout(() => stop(new DeadlineError(`no answer within ${deadlineMs / 1000} s`)), deadlineMs)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(own.signal), stopped])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
