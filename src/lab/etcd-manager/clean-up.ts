import type { ObjectStore } from '../../ports/object-store.ts'
import { info, messageOf, warning } from './log.ts'

const META = '_etcd_backup.meta'
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long the earliest of each hour, and of each day, is kept: etcd-manager's and kOps' defaults (FACTS 3). */
const HOURLY = 7 * DAY
const DAILY = 90 * DAY

/** The time that etcd-manager reads in a name: up to `Z-`, as Go reads RFC 3339. `undefined`: never cleaned up. */
function timeOf(name: string): number | undefined {
  const end = name.indexOf('Z-')
  const text = end < 0 ? name : name.slice(0, end + 1)
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)
  const at = isTime ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/**
 * What the clean-up deletes (FACTS 3): all of the last hour stay, then the earliest of each clock hour for a week, then the
 * earliest of each day; by the time in the name alone. Names that are no time stay.
 */
export function tooMany(names: readonly string[], now: number): string[] {
  const timed = names.flatMap((name) => {
    const at = timeOf(name)
    return at === undefined ? [] : [{ name, at }]
  })
  const first = new Map<number, { name: string; at: number }>()
  for (const one of timed) {
    const age = now - one.at
    if (age < HOUR || age >= DAILY) continue
    const bucket = one.at - (one.at % (age < HOURLY ? HOUR : DAY))
    const known = first.get(bucket)
    if (known === undefined || known.at > one.at) first.set(bucket, one)
  }
  const kept = new Set([...first.values()].map(({ name }) => name))
  return timed.filter(({ name, at }) => now - at >= HOUR && !kept.has(name)).map(({ name }) => name)
}

/** After a leader's first backup, then hourly: the store of a leader that has just come is cleaned up soon. */
export function cleaner(store: ObjectStore): () => Promise<void> {
  let cleanedAt = Number.NEGATIVE_INFINITY
  return async () => {
    const now = Date.now()
    if (now - cleanedAt < HOUR) return
    cleanedAt = now
    await cleanUp(store, now).catch((error) => warning(`error during backup cleanup: ${messageOf(error)}`))
  }
}

/** All versions of all that is in a backup's folder. One without a meta is no backup, and stays. */
export async function cleanUp(store: ObjectStore, now: number): Promise<void> {
  const objects = await store.list('')
  const names = objects.filter(({ key }) => key.split('/')[1] === META).map(({ key }) => key.split('/')[0] ?? '')
  const removed = tooMany(names, now)
  for (const name of removed) {
    for (const { key } of objects.filter((object) => object.key.startsWith(`${name}/`)))
      await store.remove(key, { allVersions: true })
    info(`removed backup "${name}"`)
  }
  if (removed.length > 0) info(`Removed ${removed.length} old backups`)
}
