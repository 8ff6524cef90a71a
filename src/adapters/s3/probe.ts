import { randomBytes } from 'node:crypto'
import { type Conditions, isRefusedCondition, isUnknownCondition } from './conditions.ts'
import { failureOf } from './failure.ts'
import { removeAllVersions, removeObject } from './removing.ts'
import type { Session } from './session.ts'
import { put } from './writing.ts'

/** An ETag that no object of ours has. */
const OTHER = '0'.repeat(32)

/**
 * Whether this store keeps the second of two writers out, by an object of its own that is removed again: a store that
 * ignores conditions answers 200 to everything, and would give a lock to everyone.
 */
export async function hasConditions(session: Session, conditions: Conditions): Promise<boolean> {
  if (conditions.ifNoneMatch === 'honoured' && conditions.ifMatch === 'honoured') return true
  const key = `etcd-rescue/probe-${randomBytes(8).toString('hex')}`
  try {
    await put(session, key, Buffer.from('1'), { ifAbsent: true })
    if (!(await isRefused(put(session, key, Buffer.from('2'), { ifAbsent: true })))) return false
    if (!(await isRefused(put(session, key, Buffer.from('3'), { ifVersion: OTHER })))) return false
  } catch (error) {
    if (isUnknownCondition(error)) return false
    throw session.translate(error, { operation: 'PutObject', key })
  } finally {
    await removeObject(session, key).catch(() => undefined)
    // on a versioned bucket, if these credentials may
    await removeAllVersions(session, key).catch(() => undefined)
  }
  conditions.ifNoneMatch = 'honoured'
  conditions.ifMatch = 'honoured'
  return true
}

function isRefused(write: Promise<unknown>): Promise<boolean> {
  return write.then(
    () => false,
    (error) => {
      if (isRefusedCondition(error) || failureOf(error).code === 'NoSuchKey') return true
      throw error
    },
  )
}
