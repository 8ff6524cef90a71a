import { toRescueError } from '../../errors/rescue-error.ts'
import { logEnd } from '../../node/log-end.ts'
import { pathOn } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'

interface Telling {
  world: World
  note(line: string): void
  signal: AbortSignal
}

const LINES = 3
const MOST_MS = 10_000

/**
 * When etcd-manager does not do what is waited for, the next thing that anybody asks is what it said: the end of its log
 * on every control-plane node, told before the error is.
 */
export async function withLogs<T>(context: Telling, waiting: Promise<T>): Promise<T> {
  try {
    return await waiting
  } catch (error) {
    const { code } = toRescueError(error)
    if (code === 'TIMED_OUT' || code === 'BACKUP_INVALID') await tellLogs(context)
    throw error
  }
}

async function tellLogs({ world, note, signal }: Telling): Promise<void> {
  const { log } = world.target
  if (log === undefined) return
  // a node that is away must not keep the error for long
  const soon = AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)])
  const ends = await Promise.all(
    world.controlPlane.map(async (host) => ({
      name: host.name,
      // it is told beside an error, and must not take its place
      lines: await logEnd(host, pathOn(host, log), LINES, soon).catch(() => []),
    })),
  )
  for (const { name, lines } of ends) for (const line of lines) note(`${name}: ${log}: ${line}`)
}
