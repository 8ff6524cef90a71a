/** Why one attempt to connect did not work, before it is known whether to try again. */
export type AttemptFailure =
  /** The port refuses, or the connection was dropped before the handshake, as sshd's MaxStartups does: try again. */
  | { kind: 'busy'; why: string; cause: unknown }
  | { kind: 'unreachable'; why: string; cause: unknown }
  | { kind: 'auth'; tried: string[]; cause: unknown }
  | { kind: 'unknown-key'; key: Buffer }
  /** No key exchange, cipher or host key type in common: the system's ssh may know more. */
  | { kind: 'algorithms'; why: string; cause: unknown }
  /** Already an error for the operator. */
  | { kind: 'final'; error: unknown }

export class AttemptError extends Error {
  readonly failure: AttemptFailure

  constructor(failure: AttemptFailure) {
    super(failure.kind)
    this.name = 'AttemptError'
    this.failure = failure
  }
}

const AGAIN = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'EAGAIN'])

/** Sorts a socket's error. */
export function socketFailure(error: unknown): AttemptFailure {
  const { code, message } = error as NodeJS.ErrnoException
  const why = SPOKEN.get(code ?? '') ?? message
  return { kind: AGAIN.has(code ?? '') ? 'busy' : 'unreachable', why, cause: error }
}

const SPOKEN = new Map([
  ['ECONNREFUSED', 'nothing listens on the port'],
  ['ECONNRESET', 'the connection was reset'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to its network'],
  ['ETIMEDOUT', 'no answer'],
  ['ENOTFOUND', 'the name is not known'],
  ['EAI_AGAIN', 'the name cannot be looked up now'],
])
