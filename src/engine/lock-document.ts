import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'

const text = z.string().max(200)
const time = z.iso.datetime()
const schema = z.object({ run: text, user: text, host: text, since: time, expires: time })

/** Who works on an etcd cluster, as it stands in the store. Times are ISO 8601. */
export type LockDocument = z.infer<typeof schema>

export const breakHint = 'ask them; if they are gone for sure, add --break-lock'

/** A lock that can't be read is a lock all the same. */
export function parseLock(body: Buffer): LockDocument {
  const parsed = schema.safeParse(parseJson(body.toString('utf8')))
  if (parsed.success) return parsed.data
  throw new RescueError('LOCKED', 'this etcd cluster is locked, and the lock file cannot be read', {
    hint: 'a newer version of this tool may hold it; look at etcd-rescue/lock.json in the backup store, then add --break-lock',
  })
}

export function showLock({ user, host, run, since, expires }: LockDocument): string {
  const clean = (value: string) => value.replace(/[^\x20-\x7e]/g, '?')
  return `${clean(user)} on ${clean(host)} holds it for run ${clean(run)} since ${since}, until ${expires}`
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}
