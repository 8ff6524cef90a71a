import type { Duplex } from 'node:stream'
import type { Client } from 'ssh2'
import { AttemptError, type AttemptFailure } from './attempt.ts'
import { backoff } from './backoff.ts'
import type { Endpoint } from './endpoint.ts'
import { authRefused, type Place, unreachable } from './failures.ts'
import { handshake } from './handshake.ts'
import { acceptKey, knownHostOf } from './host-keys.ts'
import { openJump } from './jump.ts'
import { type Login, loggedIn } from './logged-in.ts'
import { DEFAULT_CONNECT_TIMEOUT_MS, DEFAULT_KEEPALIVE_MS, type SshHostOptions } from './options.ts'
import { type Patience, patienceWith, remembering } from './patience.ts'
import type { Lease, SshSession } from './session.ts'
import { connectTcp, connectThrough } from './socket.ts'

/** A refusing port is tried this often: sshd may be restarting, but a dead node should be told soon. */
const TRIES_REFUSED = 4

/** The handshake found nothing in common with sshd; the system's ssh may. */
export class NoAlgorithms extends Error {
  override readonly name = 'NoAlgorithms'
}

interface Parts {
  endpoint: Endpoint
  place: Place
  options: SshHostOptions
  session: SshSession
  patience: Patience
}

/**
 * Connects and logs in, through jump hosts where there are any, with every host key on the way verified.
 * Rejects with `HOST_*` errors, or with `NoAlgorithms`.
 */
export async function login(endpoint: Endpoint, options: SshHostOptions, session: SshSession): Promise<Login> {
  const place: Place = { name: options.name, host: endpoint.host, port: endpoint.port }
  const jump = await openJump(endpoint, options, session, login)
  const patience = patienceWith(endpoint, options, session)
  return remembering(endpoint, session, () => loginThrough(jump, { endpoint, place, options, session, patience }))
}

async function loginThrough(first: Lease<Login> | undefined, parts: Parts): Promise<Login> {
  const { endpoint, options, session } = parts
  let jump = first
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const via = jump?.value.client
        const client = await session.login(() => connectOnce(parts, via))
        return loggedIn(client, () => jump?.release())
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error
        await settle(error.failure, attempt, parts)
      }
      if (jump?.value.gone()) {
        jump.release()
        jump = await openJump(endpoint, options, session, login)
      }
    }
  } catch (error) {
    jump?.release()
    throw error
  }
}

async function connectOnce(
  { endpoint, place, options, session, patience: { answerMs } }: Parts,
  via: Client | undefined,
): Promise<Client> {
  const { prompter, connectTimeoutMs: timeoutMs = DEFAULT_CONNECT_TIMEOUT_MS } = options
  // before there is a socket: one that is closed while this is loaded would tell nobody
  const [known, { default: ssh2 }] = await Promise.all([knownHostOf(endpoint), import('ssh2')])
  const { host, port } = endpoint
  const socket: Duplex = via ? await connectThrough(via, host, port, answerMs) : await connectTcp(host, port, answerMs)
  const keepaliveMs = options.keepaliveMs ?? DEFAULT_KEEPALIVE_MS
  return handshake(socket, new ssh2.Client(), {
    endpoint,
    place,
    known,
    prompter,
    session,
    answerMs,
    timeoutMs,
    keepaliveMs,
  })
}

/** Returns when another attempt makes sense, throws the operator's error when not. */
async function settle(
  failure: AttemptFailure,
  attempt: number,
  { endpoint, place, options, session, patience }: Parts,
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
      const tries = /nothing listens|refused/i.test(failure.why) ? TRIES_REFUSED : patience.triesDropped
      if (attempt >= tries) throw unreachable(place, `${failure.why}, ${attempt} times`, failure.cause)
      return options.clock.sleep(backoff(attempt))
    }
  }
}
