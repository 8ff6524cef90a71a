import pLimit from 'p-limit'
import { RescueError } from '../errors/rescue-error.ts'
import type { ObjectInfo, ObjectStore } from '../ports/object-store.ts'
import { type BackupMeta, META_MAX_BYTES, parseMeta } from './meta.ts'
import { checkBackupName, parseBackupName } from './names.ts'

export { type BackupMeta, encodeMeta, parseMeta } from './meta.ts'
export { backupName, checkBackupName, parseBackupName } from './names.ts'

/** gzip of the database and its SHA-256; written first. */
export const DATA_FILE = 'etcd.backup.gz'
/** Written last: a backup exists when its meta exists (FACTS 3). */
export const META_FILE = '_etcd_backup.meta'

export interface Backup {
  name: string
  /** From the name, else from the meta, else when the store got the last of its files. */
  createdAt: Date
  /** Length of `etcd.backup.gz`; absent when it is not there. */
  gzBytes?: number
  /** Absent exactly when `problem` is there. */
  meta?: BackupMeta
  /** Why it cannot be restored, in a few words. */
  problem?: string
}

interface ListOptions {
  signal?: AbortSignal
  /** At most this many metas are read, of the newest names. Default 2,000. */
  limit?: number
}

const READS_AT_ONCE = 8

/** All backups of a store, oldest first. One listing and one small read each. Half-written ones are listed as problems. */
export async function listBackups(store: ObjectStore, options: ListOptions = {}): Promise<Backup[]> {
  const folders = [...(await findFolders(store, options.signal))].sort(byTime).slice(-(options.limit ?? 2000))
  const limit = pLimit(READS_AT_ONCE)
  const backups = await Promise.all(folders.map((folder) => limit(() => readFolder(store, folder, options.signal))))
  return backups.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.name < b.name ? -1 : 1))
}

/** One backup by name. `OBJECT_MISSING` when the store has no such folder. */
export async function readBackup(store: ObjectStore, name: string, signal?: AbortSignal): Promise<Backup> {
  const prefix = `${checkBackupName(name)}/`
  const objects = await store.list(prefix, { limit: 1000, ...(signal && { signal }) })
  const folder = foldersOf(objects).find((found) => found.name === name)
  if (folder) return readFolder(store, folder, signal)
  throw new RescueError('OBJECT_MISSING', `there is no backup ${name} in ${store.url}`, {
    hint: 'see what there is with: etcd-rescue backup list',
  })
}

/**
 * Complete backups that etcd-manager itself made at or after a moment (unix ms, rounded down to the second that names
 * carry). The times are the nodes' clocks; where they are wrong by more than a second, compare sets of names instead.
 */
export async function backupsSince(store: ObjectStore, since: number, options: ListOptions = {}): Promise<Backup[]> {
  const from = Math.floor(since / 1000) * 1000
  const backups = await listBackups(store, options)
  return backups.filter(({ name, meta }) => meta && (parseBackupName(name)?.at.getTime() ?? Number.NaN) >= from)
}

interface Folder {
  name: string
  at: number
  data?: ObjectInfo
  meta?: ObjectInfo
}

async function findFolders(store: ObjectStore, signal?: AbortSignal): Promise<Folder[]> {
  return foldersOf(await store.list('', signal ? { signal } : {}))
}

function foldersOf(objects: ObjectInfo[]): Folder[] {
  const folders = new Map<string, Folder>()
  for (const object of objects) {
    const [name, file, ...deeper] = object.key.split('/')
    if (!name || deeper.length > 0 || (file !== DATA_FILE && file !== META_FILE)) continue
    const folder = folders.get(name) ?? { name, at: 0 }
    folders.set(name, folder)
    if (file === DATA_FILE) folder.data = object
    else folder.meta = object
    folder.at = parseBackupName(name)?.at.getTime() ?? Math.max(folder.at, object.modifiedAt.getTime())
  }
  return [...folders.values()]
}

const byTime = (a: Folder, b: Folder) => a.at - b.at

async function readFolder(store: ObjectStore, folder: Folder, signal?: AbortSignal): Promise<Backup> {
  const backup = {
    name: folder.name,
    createdAt: new Date(folder.at),
    ...(folder.data && { gzBytes: folder.data.size }),
  }
  if (!folder.meta) return { ...backup, problem: `incomplete: ${META_FILE} is missing` }
  if (!folder.data) return { ...backup, problem: `incomplete: ${DATA_FILE} is missing` }
  if (folder.data.size === 0) return { ...backup, problem: `${DATA_FILE} is empty` }
  try {
    const { body } = await store.read(folder.meta.key, { maxBytes: META_MAX_BYTES, ...(signal && { signal }) })
    return withMeta(backup, parseMeta(body))
  } catch (error) {
    if (error instanceof RescueError && problems.has(error.code)) return { ...backup, problem: error.message }
    throw error
  }
}

/** What is wrong with one backup and does not keep the others from being listed. */
const problems = new Set(['BACKUP_INVALID', 'STORE_CORRUPT', 'OBJECT_MISSING'])

function withMeta(backup: Backup, meta: BackupMeta): Backup {
  const createdAt = parseBackupName(backup.name)?.at ?? meta.timestamp ?? backup.createdAt
  return { ...backup, createdAt, meta }
}
