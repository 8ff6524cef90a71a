import { toRescueError } from '../../errors/rescue-error.ts'

const TRIES = 3

/**
 * Makes a working copy and looks at it, anew where this machine was too slow to keep its leases: that says nothing about
 * the copy. What is tried must begin by making it.
 */
export async function onFreshCopy<T>(attempt: () => Promise<T>, tries = TRIES): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (tries <= 1 || toRescueError(error).code !== 'LEASES_EXPIRED') throw error
    return onFreshCopy(attempt, tries - 1)
  }
}
