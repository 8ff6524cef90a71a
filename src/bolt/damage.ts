import { RescueError } from '../errors/rescue-error.ts'

/** More findings than this say nothing new; the scan counts on and keeps only the first. */
export const MAX_FINDINGS = 50

const hint = 'take another copy: etcd-rescue recover --dry-run lists them, recover --copy NODE:TOKEN takes one'

/** A page that cannot be right. Every check of this folder ends here, so a damaged file is never a crash. */
export function badPage(id: number, what: string): RescueError {
  return new RescueError('COPY_CORRUPT', `page ${id}: ${what}`, { hint })
}

/** The file as a whole is not a database. */
export function badFile(what: string, cause?: unknown): RescueError {
  return new RescueError('COPY_CORRUPT', what, { hint, cause })
}

export function isDamage(error: unknown): error is RescueError {
  return error instanceof RescueError && error.code === 'COPY_CORRUPT'
}
