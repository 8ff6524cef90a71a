import { RescueError } from '../errors/rescue-error.ts'

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `look` gives a value; an undefined or a thrown error means not yet. `TIMED_OUT` with the last of them. */
export async function waitFor<T>(what: string, timeoutMs: number, look: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + timeoutMs
  let last = 'nothing seen yet'
  for (;;) {
    try {
      const value = await look()
      if (value !== undefined) return value
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    if (Date.now() > until) break
    await pause(100)
  }
  throw new RescueError(
    'TIMED_OUT',
    `the sandbox waited ${Math.round(timeoutMs / 1000)}s in vain: ${what} — last seen: ${last}`,
    {
      hint: 'run the drill with --keep and read nodes/*/var/log/etcd.log in its directory',
    },
  )
}
