import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'

/** A place on a node that could not be looked at, with all below it; without a path, the node. */
export interface Unlooked {
  path?: string
  /** One line for the operator. */
  why: string
}

/**
 * What a search on a node gave: all that it found, and each place that it could not look into. What is there is not
 * known, and is not nothing: whoever takes the one takes the other, or asks for the whole (`wholeOf`).
 */
export interface Search<T> {
  found: T[]
  unsearched: Unlooked[]
}

/** What was found, where all of it must have been looked at. `HOST_COMMAND` names the first place that was not. */
export function wholeOf<T>(host: RemoteHost, { found, unsearched }: Search<T>): T[] {
  const [first] = unsearched
  if (first === undefined) return found
  const where = first.path === undefined ? '' : `${first.path} `
  throw new RescueError('HOST_COMMAND', `node ${host.name}: ${where}could not be looked into: ${first.why}`, {
    hint: `look on node ${host.name}: sudo ls -la ${shellWord(first.path ?? '/mnt')}; mend it, or unmount it`,
  })
}
