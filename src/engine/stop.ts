import { setMaxListeners } from 'node:events'

/** Ctrl-C: the first press asks to stop at the next safe point, the second stops now. */
export interface StopSwitch {
  readonly soft: AbortSignal
  readonly hard: AbortSignal
  /** Called for each SIGINT or SIGTERM; returns how often it was pressed. */
  press(): number
}

export function stopSwitch(): StopSwitch {
  const soft = new AbortController()
  const hard = new AbortController()
  // every command on every node listens while it runs: many are no leak
  setMaxListeners(0, soft.signal, hard.signal)
  let presses = 0
  return {
    soft: soft.signal,
    hard: hard.signal,
    press: () => {
      presses += 1
      soft.abort()
      if (presses > 1) hard.abort()
      return presses
    },
  }
}

export const resumeHint = (runId: string) => `etcd-rescue runs resume ${runId}`
