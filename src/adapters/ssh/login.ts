import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { AttemptError, type AttemptFailure } from './attempt.ts'
import { type Endpoint, parseHop } from './endpoint.ts'
import { authRefused, type Place, unreachable } from './failures.ts'
import { handshake } from './handshake.ts'
import { acceptKey, knownHostOf } from './host-keys.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS, DEFAULT_KEEPALIVE_MS, type SshHostOptions } from './options.ts'
import { resolveEndpoint } from './resolve.ts'
import type { Lease, SshSession } from './session.ts'
import { connectTcp, connectThrough } from './socket.ts'

/** A refusing port is tried this often: sshd may be restarting, but a dead node should be told soon. */
const TRIES_REFUSED = 4
/** A dropped connection this often: under MaxStartups each attempt has a chance. */
const TRIES_DROPPED = 10
const BACKOFF_MS = 250
const BACKOFF_MAX_MS = 4_000

/** A logged-in connection and what has to be let go with it. */
export interface Login {
  client: Client
  gone(): boolean
  close(): void
}

/** The handshake found nothing in common with sshd; the system's ssh may. */
export class NoAlgorithms extends Error {
  override readonly name = 'NoAlgorithms'
}

/**
 * Connects and logs in, through jump hosts where there are any, with every host key on the way verified.
 * Rejects with `HOST_*` errors, or with `NoAlgorithms`.
 */
export async function login(endpoint: Endpoint, options: SshHostOptions, session: SshSession): Promise<Login> {
  const place: Place = { name: options.name, host: endpoint.host, port: endpoint.port }
  let jump = await openJump(endpoint, options, session)
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const via = jump?.value.client
        const client = await session.login(() => connectOnce(endpoint, place, options, session, via))
        return loggedIn(client, () => jump?.release())
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error
        await settle(error.failure, attempt, { endpoint, place, options, session })
      }
      if (jump?.value.gone()) {
        jump.release()
        jump = await openJump(endpoint, options, session)
      }
    }
  } catch (error) {
    jump?.release()
    throw error
  }
}

/** A node that does not answer the goodbye must not keep the process waiting. */
const GOODBYE_MS = 1_000

function loggedIn(client: Client, onGone: () => void): Login {
  let gone = false
  let goodbye: NodeJS.Timeout | undefined
  client.once('close', () => {
    gone = true
    clearTimeout(goodbye)
    onGone()
  })
  const close = () => {
    if (gone || goodbye) return
    client.end()
    goodbye = setTimeout(() => client.destroy(), GOODBYE_MS)
  }
  return { client, gone: () => gone, close }
}

async function connectOnce(
  endpoint: Endpoint,
  place: Place,
  options: SshHostOptions,
  session: SshSession,
  via: Client | undefined,
): Promise<Client> {
  const { prompter, connectTimeoutMs: timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
  const known = await knownHostOf(endpoint)
  const { host, port } = endpoint
  const socket: Duplex = via
    ? await connectThrough(via, host, port, timeoutMs)
    : await connectTcp(host, port, timeoutMs)
  const keepaliveMs = options.keepaliveMs ?? DEFAULT_KEEPALIVE_MS
  return handshake(socket, { endpoint, place, known, prompter, session, timeoutMs, keepaliveMs })
}

/** Returns when another attempt makes sense, throws the operator's error when not. */
async function settle(
  failure: AttemptFailure,
  attempt: number,
  {
    endpoint,
    place,
    options,
    session,
  }: { endpoint: Endpoint; place: Place; options: SshHostOptions; session: SshSession },
): Promise<void> {
  switch (failure.kind) {
    case 'final':
      throw failure.error
    case 'auth':
      throw authRefused(place, endpoint.user, failure.tried, failure.cause)
    case 'algorithms':
      throw new NoAlgorithms(failure.why, { cause: failure.cause })
    case 'unreachable':
      throw unreachable(place, failure.why, failure.cause)
    case 'unknown-key':
      return acceptKey(endpoint, failure.key, place, options, session)
    case 'busy': {
      const tries = /nothing listens|refused/i.test(failure.why) ? TRIES_REFUSED : TRIES_DROPPED
      if (attempt >= tries) throw unreachable(place, `${failure.why}, ${attempt} times`, failure.cause)
      return options.clock.sleep(backoff(attempt))
    }
  }
}

/** Half fixed, half random, so that many that were dropped together don't come back together. */
export function backoff(attempt: number): number {
  const most = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1))
  return most / 2 + Math.random() * (most / 2)
}

/** One connection per jump host, shared by all hosts behind it: its forwards are not limited, its logins are. */
async function openJump(
  endpoint: Endpoint,
  options: SshHostOptions,
  session: SshSession,
): Promise<Lease<Login> | undefined> {
  const text = endpoint.jumps.at(-1)
  if (text === undefined) return undefined
  const before = endpoint.jumps.slice(0, -1).join(',')
  const hop = parseHop(text)
  const hopOptions: SshHostOptions = {
    ...options,
    name: `${hop.host} (jump)`,
    address: hop.host,
    jump: before || 'none',
  }
  delete hopOptions.port
  delete hopOptions.user
  if (hop.port !== undefined) hopOptions.port = hop.port
  if (hop.user !== undefined) hopOptions.user = hop.user
  const name = `jump ${endpoint.jumps.join(',')}`
  return session.share(name, async () => {
    const resolved = await resolveEndpoint(hopOptions)
    const opened = await login({ ...resolved, jumps: before ? before.split(',') : [] }, hopOptions, session)
    opened.client.once('close', () => session.drop(name))
    return { value: opened, close: opened.close }
  })
}
