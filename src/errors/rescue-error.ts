import { type ErrorCode, errorTable } from './table.ts'

export interface ErrorDetails {
  /** What the operator types or does next. Required: an error without a way out is not an answer. */
  hint: string
  cause?: unknown
}

/**
 * The only error class that operators see. Its code is a row of `errorTable`, which also decides the exit code.
 * oclif prints `Error`, `Code` and `Try this` from `message`, `code` and `suggestions`.
 */
export class RescueError extends Error {
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, message: string, { hint, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'RescueError'
    this.code = code
    this.hint = hint
  }

  get suggestions(): string[] {
    return [this.hint]
  }

  /** The process exit code, from CONTRACT's table. */
  get exitCode(): number {
    return errorTable[this.code].exit
  }
}

/** Raised by the dry-run gate in place of a change whose result a caller cannot do without. */
export class WithheldError extends Error {
  override readonly name = 'WithheldError'
}

/** Turns anything thrown into a `RescueError`; what is not ours is a bug (exit 1). */
export function toRescueError(error: unknown): RescueError {
  if (error instanceof RescueError) return error
  if (isAbort(error)) {
    return new RescueError('STOPPED', 'stopped by the operator', {
      hint: 'resume with: etcd-rescue runs resume',
      cause: error,
    })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new RescueError('BUG', message, {
    hint: 'this is a bug in etcd-rescue; the journal of the run says where',
    cause: error,
  })
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ABORT_ERR')
}
