import { type Config, toTarget } from '../../config/index.ts'
import { readLock } from '../../engine/index.ts'
import { type RescueError, toRescueError } from '../../errors/rescue-error.ts'
import type { Session } from '../session.ts'
import { openBackupStore } from '../stores.ts'

/**
 * Why no run could take its lock in the store of an etcd cluster, though the store can be listed: a right to list is none
 * to read, and who may not look at the lock would find out when the first of several runs is over. Undefined: it could be
 * looked at, or the operator goes on without it.
 */
export async function whyNoLock(
  etcdCluster: string,
  { withoutLock, sources }: Session,
  config: Config,
): Promise<RescueError | undefined> {
  if (withoutLock === true) return undefined
  try {
    await readLock(await openBackupStore(toTarget(config, etcdCluster).backupStore, config, sources.env))
    return undefined
  } catch (error) {
    return toRescueError(error)
  }
}
