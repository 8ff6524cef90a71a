import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'

/** What a directory on this machine holds; nothing where there is none. One that cannot be read is an error, and not empty. */
export async function entriesIn(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
