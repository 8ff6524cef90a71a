import { isAbort, RescueError } from '../../errors/rescue-error.ts'
import { shellWord } from '../../shell/quote.ts'

export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

export function storeFolderMissing(url: string, cause?: unknown): RescueError {
  return new RescueError('STORE_MISSING', `the folder of the backup store is not there: ${url}`, {
    hint: `check that its disk is mounted and the path is right; a new one is made with: mkdir -p ${shellWord(url.slice('file://'.length))}`,
    cause,
  })
}

/** Runs one operation on the file system; what it throws comes out as a `RescueError` that says what to do. */
export async function asStoreErrors<T>(url: string, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw toStoreError(url, what, error)
  }
}

export function toStoreError(url: string, what: string, error: unknown): unknown {
  const code = codeOf(error)
  if (error instanceof RescueError || isAbort(error) || code === undefined) return error
  const message = `can't ${what} in ${url}: ${code}`
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new RescueError('DISK_FULL', message, {
      hint: 'make room on the disk of the store, then run again',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new RescueError('STORE_AUTH', message, {
      hint: 'run as a user who may read and write the store',
      cause: error,
    })
  }
  if (code === 'EROFS') {
    return new RescueError('STORE_FAILED', message, {
      hint: 'the disk is mounted read-only; mount it for writing',
      cause: error,
    })
  }
  return new RescueError('STORE_FAILED', message, {
    hint: 'look at the disk of the store (dmesg), then run again',
    cause: error,
  })
}
