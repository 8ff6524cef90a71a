import { RescueError } from '../../errors/rescue-error.ts'
import type { Endpoint } from './endpoint.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS, type SshHostOptions } from './options.ts'
import type { SshSession } from './session.ts'

/** How long a node is waited for. */
export interface Patience {
  /** For its port, and for sshd's first words. */
  answerMs: number
  /** How often a connection may be dropped: under MaxStartups each attempt has a chance. */
  triesDropped: number
}

const TRIES_DROPPED = 10
const TRIES_DROPPED_AWAY = 4
/** Of the usual time: 3 s in place of 15. */
const AWAY_SHARE = 5

/** A node that was away when it was last tried is tried anew each time, only not for as long. */
export function patienceWith(endpoint: Endpoint, options: SshHostOptions, session: SshSession): Patience {
  const { connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
  return session.away.has(placeOf(endpoint))
    ? { answerMs: connectTimeoutMs / AWAY_SHARE, triesDropped: TRIES_DROPPED_AWAY }
    : { answerMs: connectTimeoutMs, triesDropped: TRIES_DROPPED }
}

/** Connects, and remembers for the whole session whether the node was there. */
export async function remembering<T>(endpoint: Endpoint, session: SshSession, connect: () => Promise<T>): Promise<T> {
  const place = placeOf(endpoint)
  try {
    const connected = await connect()
    session.away.delete(place)
    return connected
  } catch (error) {
    if (error instanceof RescueError && error.code === 'HOST_UNREACHABLE') session.away.add(place)
    throw error
  }
}

const placeOf = ({ host, port, jumps }: Endpoint) => [...jumps, `${host}:${port}`].join(' ')
