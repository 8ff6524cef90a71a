import { lstat } from 'node:fs/promises'
import { join } from 'node:path'

/** Of a run, for what is secret. */
export const scratchOf = (runDir: string) => join(runDir, 'scratch')

/** A directory and no link, this user's, and nobody else can put anything there. */
export async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined)
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}
