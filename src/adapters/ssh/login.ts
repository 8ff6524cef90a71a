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
import type { SshSession } from './session.ts'
import { connectTcp, connectThrough } from './socket.ts'

/** A refusing port is tried this often: sshd may be restarting, but a dead node should be told soon. */
const TRIES_REFUSED = 4
/** A dropped connection this often: under MaxStartups each attempt has a chance. */
const TRIES_DROPPED = 10

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
  let jump = await openJump(endpoint, options, session, login)
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
        jump = await openJump(endpoint, options, session, login)
      }
    }
  } catch (error) {
    jump?.release()
    throw error
  }
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
