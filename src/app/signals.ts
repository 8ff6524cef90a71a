import type { StopSwitch } from '../engine/index.ts'
import type { Session } from './session.ts'

/** SIGHUP is a lost SSH session or a closed window: an incident is the worst time to be killed by it. */
export const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Ctrl-C (and SIGTERM) presses the stop switch: the first time the run stops at the next safe point, the second time
 * now. A third is for when even that hangs: the process ends, and the run can still be resumed.
 */
export function stopOnSignals(
  stop: StopSwitch,
  session: Pick<Session, 'screen'>,
  first = 'stopping at the next safe point; Ctrl-C again stops now',
): () => void {
  const press = () => {
    const presses = stop.press()
    if (presses > 2) {
      session.screen.end()
      process.exit(130)
    }
    const text = presses === 1 ? first : 'stopping now'
    // through the screen, which takes what it redraws away first
    session.screen.listen({ type: 'note', step: '', line: text })
  }
  for (const signal of signals) process.on(signal, press)
  return () => {
    for (const signal of signals) process.off(signal, press)
  }
}
