import type { Duplex } from 'node:stream'
import type { CipherAlgorithm, Client } from 'ssh2'
import type { Prompter } from '../../ports/prompter.ts'
import { AttemptError, type AttemptFailure, socketFailure } from './attempt.ts'
import { type Auth, createAuth } from './auth.ts'
import { createDeadline } from './deadline.ts'
import type { Endpoint } from './endpoint.ts'
import type { Place } from './failures.ts'
import { checkKey, hostKeyAlgorithms } from './host-keys.ts'
import type { KnownHost } from './known-hosts/match.ts'
import type { SshSession } from './session.ts'

/** aes128-gcm is the fastest by far with AES in the processor; ssh2 prefers others without its native part. */
const CIPHERS: CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
]

export interface HandshakeParts {
  endpoint: Endpoint
  place: Place
  known: KnownHost
  prompter: Prompter
  session: SshSession
  /** For the first words of sshd, which a dead node never says. */
  answerMs: number
  timeoutMs: number
  keepaliveMs: number
}

/** Handshake, host key and login over a socket. Rejects with `AttemptError`; the socket is then closed. */
export async function handshake(socket: Duplex, client: Client, parts: HandshakeParts): Promise<Client> {
  return new Promise((resolve, reject) => {
    let verdict: AttemptFailure | undefined
    let over = false
    const within = (ms: number) =>
      createDeadline(ms, () => {
        const why = `connected, but no answer from sshd within ${ms / 1000}s`
        fail({ kind: 'unreachable', why, cause: undefined })
      })
    const deadline = within(parts.timeoutMs)
    const firstWords = within(parts.answerMs)
    const auth = createAuth({ ...parts, pause: () => deadline.pause(), resume: () => over || deadline.restart() })
    const fail = (failure: AttemptFailure) => {
      if (over) return
      over = true
      deadline.clear()
      firstWords.clear()
      client.destroy()
      socket.destroy()
      reject(new AttemptError(failure))
    }
    // stays for the connection's life: an error without a listener ends the process
    client.on('error', (error) => {
      if (error.level !== 'agent') fail(verdict ?? sortError(error, auth))
    })
    client.on('close', () => fail(verdict ?? { kind: 'busy', why: 'sshd closed the connection', cause: undefined }))
    client.once('ready', () => {
      over = true
      deadline.clear()
      client.setNoDelay(true)
      resolve(client)
    })
    client.connect({
      sock: socket,
      username: parts.endpoint.user,
      readyTimeout: 0,
      keepaliveInterval: parts.keepaliveMs,
      keepaliveCountMax: 3,
      algorithms: { serverHostKey: hostKeyAlgorithms(parts.known), cipher: CIPHERS },
      authHandler: auth.handler,
      hostVerifier: (key: Buffer) => {
        verdict = judge(parts, key)
        return verdict === undefined
      },
    })
    socket.once('data', () => firstWords.clear())
  })
}

function judge({ known, place }: HandshakeParts, key: Buffer): AttemptFailure | undefined {
  try {
    return checkKey(known, key, place) ? undefined : { kind: 'unknown-key', key }
  } catch (error) {
    return { kind: 'final', error }
  }
}

function sortError(error: Error & { level?: string; code?: unknown }, auth: Auth): AttemptFailure {
  if (auth.failure() !== undefined) return { kind: 'final', error: auth.failure() }
  if (error.level === 'client-authentication' || /too many authentication failures/i.test(error.message)) {
    return { kind: 'auth', tried: auth.tried, cause: error }
  }
  if (/no matching/.test(error.message)) return { kind: 'algorithms', why: error.message, cause: error }
  if (error.level === 'client-socket') return socketFailure(error)
  if (/before handshake/.test(error.message)) {
    return { kind: 'busy', why: 'sshd closed the connection before the handshake', cause: error }
  }
  return { kind: 'unreachable', why: error.message, cause: error }
}
