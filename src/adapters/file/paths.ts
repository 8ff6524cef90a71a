import { constants } from 'node:fs'
import { lstat, mkdir, realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import { checkKey } from '../object-key.ts'
import { codeOf, storeFolderMissing } from './errors.ts'

/** Names of our own part and lock files: never listed, never keys. */
const OWN_FILE = /^\.etcd-rescue-[0-9a-f]+\.(part|lock|stale)$/

/** Following a symlink would read or write outside the store, so files are opened with this as well. */
export const NO_FOLLOW = constants.O_NOFOLLOW

export function isOwnFile(name: string): boolean {
  return OWN_FILE.test(name)
}

/**
 * The directory of a `file://` URL. What follows `file://` is taken literally, as etcd-manager does: nothing is decoded.
 * `USAGE` when it is not an absolute path.
 */
export function directoryOf(url: string): string {
  const path = url.slice('file://'.length).replace(/\/+$/, '')
  if (url.startsWith('file:///') && path !== '') return path
  throw new RescueError('USAGE', `not a folder of a store: ${url}`, { hint: 'write it as file:///absolute/path' })
}

/** The real path of the root, which may itself be a symlink. `STORE_MISSING` when it is not there. */
export async function realRoot(url: string): Promise<string> {
  try {
    return await realpath(directoryOf(url))
  } catch (error) {
    if (error instanceof RescueError) throw error
    throw storeFolderMissing(url, error)
  }
}

/**
 * The path of a key under the root. Refuses keys with `..`, and keys below which a component is a symlink: whoever can
 * write into the store could otherwise lead us anywhere on this machine.
 */
export async function pathOf(url: string, root: string, key: string): Promise<string> {
  checkKey(key)
  const segments = key.split('/')
  if (segments.some(isOwnFile)) throw outside(url, key)
  let path = root
  for (const segment of segments) {
    path = join(path, segment)
    const found = await lstat(path).catch(() => undefined)
    if (!found) break
    if (found.isSymbolicLink()) throw outside(url, key)
  }
  return join(root, ...segments)
}

/** The deepest directory on the way to `path` that exists: part files lie there, on the same file system. */
export async function existingParent(root: string, path: string): Promise<string> {
  let parent = dirname(path)
  while (parent.startsWith(root + sep)) {
    if ((await lstat(parent).catch(() => undefined))?.isDirectory()) return parent
    parent = dirname(parent)
  }
  return root
}

/** Makes the folders of a path, 0700. A file where a folder has to be is `STORE_CONFLICT`. */
export async function makeParents(url: string, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EEXIST' && code !== 'ENOTDIR') throw error
    throw new RescueError('STORE_CONFLICT', `a file is where a folder has to be, above ${path} in ${url}`, {
      hint: 'look at what lies there and move it away',
      cause: error,
    })
  }
}

function outside(url: string, key: string): RescueError {
  return new RescueError('STORE_FAILED', `${JSON.stringify(key)} leads out of ${url} through a symbolic link`, {
    hint: 'a backup store has no symbolic links; find out who made this one and remove it',
  })
}
