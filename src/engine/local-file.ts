import { open } from 'node:fs/promises'
import { RescueError } from '../errors/rescue-error.ts'

export const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code

/** `DISK_FULL` or `LOCAL_FILE` for what the file system threw. */
export function fileError(error: unknown, path: string): RescueError {
  if (error instanceof RescueError) return error
  if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') {
    return new RescueError('DISK_FULL', `no room for ${path}`, {
      hint: 'make room or give another --work-dir',
      cause: error,
    })
  }
  const why = error instanceof Error ? error.message : String(error)
  return new RescueError('LOCAL_FILE', `${path}: ${why}`, {
    hint: 'check the rights of the work directory, or give another --work-dir',
    cause: error,
  })
}

/** A new or renamed file survives a crash only once its directory was flushed. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
