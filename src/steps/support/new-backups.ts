import { type Backup, listBackups, parseBackupName, withMetas } from '../../etcd-manager/backups.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { unreadOf } from './unread.ts'

/** The names of all backups that etcd-manager itself took: those that parse as a time. */
export async function ownBackupNames(store: ObjectStore): Promise<string[]> {
  return (await listBackups(store)).map(({ name }) => name).filter(parseBackupName)
}

interface Fresh {
  /** Oldest first. */
  complete: Backup[]
  /** Why the newest that the store does not give out cannot be read, and what helps. */
  unread?: string
}

/**
 * Backups that etcd-manager took since `before` was listed. By names and not by clocks: the nodes' clocks and this
 * machine's need not agree.
 */
export async function backupsSince(store: ObjectStore, before: readonly string[]): Promise<Fresh> {
  const old = new Set(before)
  const fresh = (await listBackups(store)).filter(({ name }) => parseBackupName(name) && !old.has(name))
  const found = (await withMetas(store, fresh)).sort((a, b) => (a.name < b.name ? -1 : 1))
  const complete = found.filter(({ meta }) => meta)
  const [unread] = found.toReversed().flatMap((backup) => sayUnread(backup))
  return { complete, ...(unread === undefined ? {} : { unread }) }
}

function sayUnread(backup: Backup): string[] {
  const why = unreadOf(backup)
  return why === undefined ? [] : [`${backup.name} is there and cannot be read: ${why.problem}; ${why.hint}`]
}
