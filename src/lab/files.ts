import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a directory and its parents, all new ones 0700: etcd data and keys are below them. */
export async function privateDir(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  return path
}

/** Writes a file whole or not at all, 0600 (or another mode), its directory made. */
export async function putFile(path: string, body: string | Buffer, mode = 0o600): Promise<void> {
  await privateDir(dirname(path))
  const part = `${path}.${randomBytes(4).toString('hex')}.part`
  await writeFile(part, body, { mode })
  await chmod(part, mode)
  await rename(part, path)
}
