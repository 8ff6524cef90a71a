import { RescueError } from '../errors/rescue-error.ts'
import type { Lab } from './lab.ts'

/** How long etcd-manager may take for what it does within a loop or two, on a loaded machine. */
export const patience = (lab: Lab): number => 60_000 + lab.settings.loopSeconds * 10_000

/** A sandbox that did not break as it should proves nothing. */
export function wrong(message: string): RescueError {
  return new RescueError('BUG', `the sandbox's incident did not happen as it should: ${message}`, {
    hint: 'run the drill with --keep and read nodes/*/var/log/etcd.log in its directory',
  })
}
