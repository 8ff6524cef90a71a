import { mkdir, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
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

/** 0700, with its parents. Node's own recursive mkdir never ends where a parent is there and refuses (below /proc). */
export async function makeDir(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return
    const parent = dirname(path)
    if (codeOf(error) !== 'ENOENT' || (await isDirectory(parent))) throw error
    await makeDir(parent)
    await mkdir(path, { mode: 0o700 })
  }
}

const isDirectory = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** A new or renamed file survives a crash only once its directory was flushed. */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
