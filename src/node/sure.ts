import { setTimeout as sleep } from 'node:timers/promises'
import { RescueError } from '../errors/rescue-error.ts'
import type { CommandResult, RemoteCommand, RemoteHost } from '../ports/remote-host.ts'

const TRIES = 3
const PAUSE_MS = 500

/**
 * Runs a change that is the same done twice. The port never repeats a change, since it may have happened when the
 * connection broke; one that looks first, or writes the same bytes to the same place, may be.
 */
export async function runSurely(host: RemoteHost, command: RemoteCommand): Promise<CommandResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await host.run(command)
    } catch (error) {
      const broken = error instanceof RescueError && error.code === 'HOST_CONNECTION_LOST'
      if (!broken || attempt === TRIES || command.signal?.aborted) throw error
      await sleep(PAUSE_MS * attempt)
    }
  }
}
