import { RescueError } from '../../errors/rescue-error.ts'
import { failureOf } from './failure.ts'
import type { Session } from './session.ts'

/** What is known of a store's conditional requests. A store that ignores the headers would give a lock to everyone. */
export interface Conditions {
  ifNoneMatch: 'unknown' | 'honoured'
  ifMatch: 'unknown' | 'honoured'
}

/** True when the store says that the condition did not hold. */
export function isRefusedCondition(error: unknown): boolean {
  const { code, status } = failureOf(error)
  return status === 412 || ['PreconditionFailed', 'ConditionalRequestConflict', 'ConcurrentModification'].includes(code)
}

/** True when the store says that it does not know the condition at all. */
export function isUnknownCondition(error: unknown): boolean {
  const { code, status, message } = failureOf(error)
  return status === 501 || code === 'NotImplemented' || (status === 400 && /if-(none-)?match|header/i.test(message))
}

export function noConditions(session: Session, cause?: unknown): RescueError {
  const { url } = session.place
  return new RescueError('STORE_FAILED', `the store of ${url} has no conditional writes (If-Match, If-None-Match)`, {
    hint: 'a lock on it would keep nobody out: use a store that has them (AWS S3, Ceph, MinIO), or update this one',
    cause,
  })
}
