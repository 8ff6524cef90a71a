import { RescueError } from '../errors/rescue-error.ts'

export interface BackupTime {
  at: Date
  /** What follows the time, usually six digits; '' when nothing does. */
  sequence: string
}

const NAME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)(?:-(.*))?$/s

/**
 * The time in a backup's name, `undefined` for any other name. etcd-manager's clean-up deletes by this time, and never
 * touches a name without one (FACTS 3).
 */
export function parseBackupName(name: string): BackupTime | undefined {
  const [, time, sequence = ''] = NAME.exec(name) ?? []
  if (time === undefined) return undefined
  const at = new Date(time)
  // 31 February parses in JavaScript, as a day in March
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 19) !== time.slice(0, 19)) return undefined
  return { at, sequence }
}

/**
 * Whether etcd-manager's clean-up may take this name for a time. It reads what Go's RFC 3339 reads, zones other than UTC
 * too, so whatever begins as a time counts: a copy too many costs less than a backup that is gone.
 */
export const mayBeCleanedUp = (name: string): boolean => /^\d{4}-\d\d-\d\d/.test(name)

/** `2024-03-21T13:02:05Z-000001`. */
export function backupName(date: Date, sequence: number): string {
  return `${rfc3339(date)}-${String(sequence).padStart(6, '0')}`
}

/** Seconds, UTC, as etcd-manager writes times into names. */
export function rfc3339(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}

/** Unix nanoseconds, as etcd-manager writes times into control files. */
export function unixNanos(date: Date): bigint {
  return BigInt(date.getTime()) * 1_000_000n
}

/** A backup's name is one folder of the store: `USAGE` for anything that is not, as etcd-manager refuses it too. */
export function checkBackupName(name: string): string {
  if (name !== '' && name !== '.' && name !== '..' && name !== 'control' && !/[/\0]/.test(name)) return name
  throw new RescueError('USAGE', `${JSON.stringify(name.slice(0, 80))} cannot be the name of a backup`, {
    hint: 'take a name from: etcd-rescue backup list',
  })
}
