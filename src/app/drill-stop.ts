import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopSwitch } from '../engine/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import type { Session } from './session.ts'
import { signals, stopOnSignals } from './signals.ts'

/**
 * Work of the drill that is no run: Ctrl-C ends the waiting for it at once, since there is nothing to resume and only a
 * sandbox to remove.
 */
export async function untilStopped<T>(session: Session, work: () => Promise<T>): Promise<T> {
  const stop = stopSwitch()
  const release = stopOnSignals(stop, session, 'removing the sandbox')
  const stopped = new Promise<never>((_, reject) => {
    stop.soft.addEventListener('abort', () => reject(drillStopped()), { once: true })
  })
  try {
    return await Promise.race([work(), stopped])
  } finally {
    release()
  }
}

/** Ctrl-C while the sandbox is being removed has nothing left to stop; the third ends the process all the same. */
export async function unhurried(session: Session, work: () => Promise<void>): Promise<void> {
  const release = stopOnSignals(stopSwitch(), session, 'the sandbox is being removed')
  try {
    await work()
  } finally {
    release()
  }
}

let guarded = false

/** Between two watches nobody listens: a signal just then ends the process in the way that removes its sandbox. */
function guardGaps(): void {
  if (guarded) return
  guarded = true
  for (const signal of signals) process.on(signal, () => process.listenerCount(signal) === 1 && process.exit(130))
}

/**
 * A new directory for the sandbox. Unless it is to be kept it goes when this process ends, however early, after
 * `killTied` has ended what the sandbox runs.
 */
export function sandboxDir(keep: boolean, killTied: () => void): string {
  const dir = mkdtempSync(join(tmpdir(), 'etcd-drill-'))
  guardGaps()
  if (!keep) {
    process.once('exit', () => {
      try {
        killTied()
      } finally {
        removeForGood(dir)
      }
    })
  }
  return dir
}

const LOOK_MS = 20

/**
 * Removes a directory while others may still be writing into it: a process that was just killed, or one of our own
 * threads that is making a directory. Gone is what stays gone for `quietMs`.
 */
export function removeForGood(dir: string, { quietMs = 200, timeoutMs = 5_000 } = {}): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  const began = performance.now()
  for (let seen = began; ; ) {
    if (existsSync(dir)) {
      tryRemove(dir)
      seen = performance.now()
    }
    if (performance.now() - seen >= quietMs || performance.now() - began >= timeoutMs) return
    Atomics.wait(sleeper, 0, 0, LOOK_MS)
  }
}

function tryRemove(dir: string): void {
  try {
    rmSync(dir, { recursive: true, force: true })
  } catch {
    // something was put into it meanwhile: the next look removes that too
  }
}

function drillStopped(): RescueError {
  return new RescueError('STOPPED', 'the drill was stopped, and its sandbox is removed', {
    hint: 'there is nothing to resume; begin another: etcd-rescue drill',
  })
}
