import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectInfo } from '../../ports/object-store.ts'
import { byKey } from '../object-key.ts'
import { tooMany } from '../store-errors.ts'
import { codeOf } from './errors.ts'
import { isOwnFile, NO_FOLLOW } from './paths.ts'
import { versionOf } from './version.ts'

const MISSING = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP']

export interface OpenedObject {
  file: FileHandle
  info: ObjectInfo
}

/** Opens a key's file and describes exactly what was opened; `undefined` when there is no such object. */
export async function openObject(path: string, key: string): Promise<OpenedObject | undefined> {
  // without O_NONBLOCK a pipe in the store would hang us
  const file = await open(path, constants.O_RDONLY | NO_FOLLOW | constants.O_NONBLOCK).catch((error) => {
    if (MISSING.includes(codeOf(error) ?? '')) return undefined
    throw error
  })
  if (!file) return undefined
  try {
    const stats = await file.stat({ bigint: true })
    if (stats.isFile()) return { file, info: await describe(file, key, stats) }
  } catch (error) {
    await file.close()
    throw error
  }
  await file.close()
  return undefined
}

async function describe(file: FileHandle, key: string, stats: BigIntStats): Promise<ObjectInfo> {
  const modifiedAt = new Date(Number(stats.mtimeMs))
  return { key, size: Number(stats.size), modifiedAt, version: await versionOf(file, stats) }
}

export async function infoOf(path: string, key: string): Promise<ObjectInfo | undefined> {
  const opened = await openObject(path, key)
  await opened?.file.close()
  return opened?.info
}

/** All objects below `prefix`, sorted; symbolic links, pipes and our own part files are not objects. */
export async function listObjects(url: string, root: string, prefix: string, limit: number, signal?: AbortSignal) {
  const found: ObjectInfo[] = []
  for await (const key of keysBelow(root, prefix, signal)) {
    const info = await infoOf(join(root, key), key)
    if (info) found.push(info) // else it was removed since
    if (found.length > limit) throw tooMany(url, prefix, limit)
  }
  return found.sort(byKey)
}

/** Folders that hold at least one object; an empty directory is none, as in a bucket. */
export async function listFolderNames(root: string, prefix: string, signal?: AbortSignal): Promise<string[]> {
  const parent = prefix.replace(/\/$/, '')
  const names: string[] = []
  for (const entry of await entriesOf(join(root, parent))) {
    if (!entry.isDirectory()) continue
    const walk = keysBelow(root, parent === '' ? `${entry.name}/` : `${parent}/${entry.name}/`, signal)
    if (!(await walk.next()).done) names.push(entry.name)
    await walk.return(undefined)
  }
  return names.sort()
}

/** Keys that start with `prefix`, which need not end at a slash. */
async function* keysBelow(root: string, prefix: string, signal?: AbortSignal): AsyncGenerator<string, void, undefined> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const start = join(root, folder)
  if (folder !== '' && !(await lstat(start).catch(() => undefined))?.isDirectory()) return
  for (const entry of await entriesOf(start)) {
    signal?.throwIfAborted()
    const key = folder + entry.name
    if (entry.isFile() && key.startsWith(prefix) && !isOwnFile(entry.name)) yield key
    if (entry.isDirectory() && key.startsWith(prefix)) yield* keysBelow(root, `${key}/`, signal)
  }
}

async function entriesOf(directory: string) {
  const entries = []
  try {
    for await (const entry of await opendir(directory)) entries.push(entry)
  } catch (error) {
    if (!MISSING.includes(codeOf(error) ?? '')) throw error
  }
  return entries
}
