/** A deadline that can be stopped while something else than the awaited party takes its time. */
export interface Deadline {
  /** Starts it anew with the full time. */
  restart(): void
  pause(): void
  clear(): void
}

export function createDeadline(ms: number, onPassed: () => void): Deadline {
  let timer: NodeJS.Timeout | undefined
  const clear = () => clearTimeout(timer)
  const restart = () => {
    clear()
    timer = setTimeout(onPassed, ms)
  }
  restart()
  return { restart, pause: clear, clear }
}
