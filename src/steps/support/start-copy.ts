import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { authFlagAt, openFileSource } from '../../bolt/index.ts'
import { toRescueError } from '../../errors/rescue-error.ts'
import type { EtcdRelease, LocalMember, StartOptions } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'

export interface Started extends LocalMember {
  /** It asked for a user: authentication was turned off in this working copy, and is on in what it was made of. */
  authWasOn?: true
}

/**
 * Starts an etcd on a working copy in the scratch. Nobody here knows a user of an etcd that has authentication on, and
 * without one it answers nothing: it is turned off there, and said. The original is never touched. An etcd 3.4 whose last
 * entry it was that enabled it does so again at each start (its auth/store.go keeps no index for it): `PRECONDITION` then.
 */
export async function startCopy(
  { etcd }: World,
  release: EtcdRelease,
  dataDir: string,
  options: StartOptions,
): Promise<Started> {
  try {
    return await etcd.start(release, dataDir, options)
  } catch (error) {
    if (toRescueError(error).code !== 'PRECONDITION' || !(await turnAuthOff(dataDir))) throw error
    return { ...(await etcd.start(release, dataDir, options)), authWasOn: true }
  }
}

/** In a data directory that no etcd has open. False when it was off. */
export async function turnAuthOff(dataDir: string): Promise<boolean> {
  const path = join(dataDir, 'member', 'snap', 'db')
  const source = await openFileSource(path)
  const at = await authFlagAt(source).finally(() => source.close())
  if (at === undefined) return false
  const file = await open(path, 'r+')
  try {
    await file.write(Buffer.from([0]), 0, 1, at)
    await file.sync()
  } finally {
    await file.close()
  }
  return true
}
