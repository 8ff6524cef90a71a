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
  const refused = refusedByFileSystem(error)
  if (refused) return refused
  return new RescueError('BUG', message, {
    hint: 'this is a bug in etcd-rescue; the journal of the run says where',
    cause: error,
  })
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ABORT_ERR')
}

/** A full disk or a file that is gone is the machine's state and no bug; undefined for all else. */
function refusedByFileSystem(error: unknown): RescueError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall, path } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const hint = 'make room, or give a --work-dir on another disk; then resume the run'
    return new RescueError('DISK_FULL', `no room left on this machine: ${error.message}`, { hint, cause: error })
  }
  if (path === undefined || syscall === undefined || !/^E[A-Z]+$/.test(code ?? '')) return undefined
  const hint = 'check that it is there and may be read and written; then resume the run'
  return new RescueError('LOCAL_FILE', error.message, { hint, cause: error })
}
