import pLimit from 'p-limit'
import { RescueError } from '../errors/rescue-error.ts'
import type { ErrorCode } from '../errors/table.ts'
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
  /** Absent while it was not read, and where there is a problem. */
  meta?: BackupMeta
  /** Why it cannot be restored, in a few words. */
  problem?: string
  /** What to do about it, where it is known. */
  hint?: string
  code?: ErrorCode
}

/** A backup of which the names and sizes of its files are known, and nothing of what is in them. */
export interface ListedBackup extends Backup {
  files: { data?: ObjectInfo; meta?: ObjectInfo }
}

interface ListOptions {
  signal?: AbortSignal
}

const READS_AT_ONCE = 8

/** All backups of a store, oldest first, from one listing: nothing in them is read. Half-written ones have a problem. */
export async function listBackups(store: ObjectStore, { signal }: ListOptions = {}): Promise<ListedBackup[]> {
  const objects = await store.list('', signal ? { signal } : {})
  return foldersOf(objects).map(listed).sort(byTime)
}

/**
 * The same backups with their meta files, oldest first: one small read each, and for an archived one a question whether a
 * copy was restored. What is wrong with one is its problem; what is wrong with the store is thrown.
 */
export async function withMetas(
  store: ObjectStore,
  backups: readonly ListedBackup[],
  { signal }: ListOptions = {},
): Promise<Backup[]> {
  const limit = pLimit(READS_AT_ONCE)
  const read = await Promise.all(backups.map((backup) => limit(() => withMeta(store, backup, signal))))
  return read.sort(byTime)
}

/** One backup by name. `OBJECT_MISSING` when the store has no such folder. */
export async function readBackup(store: ObjectStore, name: string, signal?: AbortSignal): Promise<Backup> {
  const prefix = `${checkBackupName(name)}/`
  const objects = await store.list(prefix, { limit: 1000, ...(signal && { signal }) })
  const folder = foldersOf(objects).find((found) => found.name === name)
  if (folder) return withMeta(store, listed(folder), signal)
  throw new RescueError('OBJECT_MISSING', `there is no backup ${name} in ${store.url}`, {
    hint: 'see what there is with: etcd-rescue backup list',
  })
}

interface Folder {
  name: string
  at: number
  data?: ObjectInfo
  meta?: ObjectInfo
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

const byTime = (a: Backup, b: Backup) => a.createdAt.getTime() - b.createdAt.getTime() || (a.name < b.name ? -1 : 1)

function listed({ name, at, data, meta }: Folder): ListedBackup {
  const files = { ...(data && { data }), ...(meta && { meta }) }
  const problem = incomplete(files) ?? archived(data, meta)
  return { name, createdAt: new Date(at), ...(data && { gzBytes: data.size }), files, ...problem }
}

function incomplete({ data, meta }: ListedBackup['files']): Fault | undefined {
  if (!meta) return { problem: `incomplete: ${META_FILE} is missing` }
  if (!data) return { problem: `incomplete: ${DATA_FILE} is missing` }
  return data.size === 0 ? { problem: `${DATA_FILE} is empty` } : undefined
}

type Fault = Pick<Backup, 'problem' | 'hint' | 'code'>

/** The short form stands in tables; the command itself is the hint. */
const ARCHIVED = 'archived: restore it first (aws s3api restore-object …)'

function archived(...files: (ObjectInfo | undefined)[]): Fault | undefined {
  const found = files.flatMap((file) => file?.archived ?? [])
  if (found.length === 0) return undefined
  const hint = found.map((one) => one.hint).join('; and ')
  const problem = found.every(({ isRestoring }) => isRestoring) ? 'archived: it is being restored' : ARCHIVED
  return { problem, hint, code: 'OBJECT_ARCHIVED' }
}

async function withMeta(store: ObjectStore, { files, ...backup }: ListedBackup, signal?: AbortSignal): Promise<Backup> {
  const { data, meta } = files
  if (!data || !meta || data.size === 0) return backup
  const { problem: _, hint: __, code: ___, ...whole } = backup
  try {
    // a listing does not know of a copy that was restored
    const asked = [data, meta].filter((file) => file.archived)
    const still = archived(...(await Promise.all(asked.map(({ key }) => store.head(key)))))
    if (still) return { ...whole, ...still }
    const { body } = await store.read(meta.key, { maxBytes: META_MAX_BYTES, ...(signal && { signal }) })
    return dated(whole, parseMeta(body))
  } catch (error) {
    const fault = faultOf(error)
    if (fault) return { ...whole, ...fault }
    throw error
  }
}

/** What is wrong with one backup, and not with the store or this machine: it keeps no other from being used. */
export function faultOf(error: unknown): (Fault & { problem: string }) | undefined {
  if (!(error instanceof RescueError) || !OF_ONE_BACKUP.has(error.code)) return undefined
  const { code, hint, message } = error
  const isWhole = code === 'OBJECT_ARCHIVED' || code === 'OBJECT_UNREADABLE'
  // what is damaged or gone has no other way out than another backup
  return { problem: code === 'OBJECT_ARCHIVED' ? ARCHIVED : message, code, ...(isWhole && { hint }) }
}

const OF_ONE_BACKUP: ReadonlySet<string> = new Set([
  'BACKUP_INVALID',
  'STORE_CORRUPT',
  'OBJECT_MISSING',
  'OBJECT_ARCHIVED',
  'OBJECT_UNREADABLE',
])

function dated(backup: Backup, meta: BackupMeta): Backup {
  const createdAt = parseBackupName(backup.name)?.at ?? meta.timestamp ?? backup.createdAt
  return { ...backup, createdAt, meta }
}
