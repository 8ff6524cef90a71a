/** A named wait: what it waits for, how it looks, and until when. */
export interface Condition<T> {
  /** Completes "timed out after 3m: …", e.g. `every member agrees on the leader`. */
  name: string
  timeoutMs: number
  /** Default 1000, scaled by the target's loop time. */
  everyMs?: number
  /**
   * Looks once. `done` with a value ends the wait; otherwise `last` is the observation shown while waiting and in the
   * timeout's message. A thrown `RescueError` is an observation as well, unless it is listed in `fatal`.
   */
  look(): Promise<{ done: true; value: T } | { done: false; last: string }>
  /** Error codes that end the wait at once instead of being observations. */
  fatal?: readonly string[]
}
