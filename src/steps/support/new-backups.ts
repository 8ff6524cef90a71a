import { type Backup, listBackups, parseBackupName } from '../../etcd-manager/backups.ts'
import type { ObjectStore } from '../../ports/object-store.ts'

/** The names of all backups that etcd-manager itself took: those that parse as a time. */
export async function ownBackupNames(store: ObjectStore): Promise<string[]> {
  return (await listBackups(store)).map(({ name }) => name).filter(parseBackupName)
}

/**
 * Complete backups that etcd-manager took since `before` was listed, oldest first. By names and not by clocks: the
 * nodes' clocks and this machine's need not agree.
 */
export async function backupsSince(store: ObjectStore, before: readonly string[]): Promise<Backup[]> {
  const old = new Set(before)
  const fresh = (await listBackups(store)).filter(({ name, meta }) => parseBackupName(name) && meta && !old.has(name))
  return fresh.sort((a, b) => (a.name < b.name ? -1 : 1))
}
