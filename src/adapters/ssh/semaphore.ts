/** Lets a number of holders in at once; further ones wait in order. */
export interface Semaphore {
  /** Resolves when there is room. Call the returned function once to leave. Rejects when the signal fires first. */
  enter(signal?: AbortSignal): Promise<() => void>
  /** Lowers the limit to what turned out to be allowed; never below 1. */
  narrow(limit: number): void
  readonly inside: number
}

export function createSemaphore(limit: number): Semaphore {
  const waiting: (() => void)[] = []
  let inside = 0
  let most = limit

  const admit = () => {
    while (inside < most && waiting.length > 0) {
      inside += 1
      waiting.shift()?.()
    }
  }
  const pass = () => {
    let left = false
    return () => {
      if (left) return
      left = true
      inside -= 1
      admit()
    }
  }

  return {
    enter: (signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const go = () => {
          signal?.removeEventListener('abort', stop)
          resolve(pass())
        }
        const stop = () => {
          const at = waiting.indexOf(go)
          if (at >= 0) waiting.splice(at, 1)
          reject(signal?.reason)
        }
        signal?.addEventListener('abort', stop, { once: true })
        waiting.push(go)
        admit()
      }),
    narrow: (to) => {
      most = Math.max(1, Math.min(most, to))
    },
    get inside() {
      return inside
    },
  }
}
