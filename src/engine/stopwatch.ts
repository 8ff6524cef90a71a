import type { World } from '../ports/world.ts'

/** Seconds of work since it was started, and apart from them those that questions waited for an answer. */
export type Stopwatch = () => { seconds: number; askedSeconds: number }

export function stopwatch({ clock, prompter }: World): Stopwatch {
  const asked = () => prompter.waitedMs?.() ?? 0
  const [startedMs, askedMs] = [clock.now().getTime(), asked()]
  return () => {
    const waited = asked() - askedMs
    const seconds = Math.max(0, clock.now().getTime() - startedMs - waited) / 1000
    return { seconds, askedSeconds: waited / 1000 }
  }
}
