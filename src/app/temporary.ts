import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../config/index.ts'
import type { Scratch } from '../ports/scratch.ts'
import { ownName, temporaryDir } from './leftovers.ts'
import type { Session } from './session.ts'
import { stopOnSignals } from './signals.ts'

interface Room {
  scratch: Scratch
  /** Fires at the first Ctrl-C. */
  signal: AbortSignal
}

/** A 0700 directory for the time of one command; emptied afterwards, also after an error or Ctrl-C. */
export async function withScratch<T>(session: Session, config: Config, body: (room: Room) => Promise<T>): Promise<T> {
  const [{ dirScratch }, { stopSwitch }] = await Promise.all([
    import('../adapters/scratch/index.ts'),
    import('../engine/index.ts'),
  ])
  const scratch = dirScratch(join(temporaryDir(config.workDir), ownName(randomBytes(8).toString('hex'))))
  const stop = stopSwitch()
  const release = stopOnSignals(stop, session)
  try {
    return await body({ scratch, signal: stop.soft })
  } finally {
    release()
    await scratch.removeAll()
  }
}
