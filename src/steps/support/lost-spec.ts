import { toRescueError } from '../../errors/rescue-error.ts'
import { listBackups, parseBackupName } from '../../etcd-manager/backups.ts'
import { parseState } from '../../etcd-manager/state-file.ts'
import { readStateFile } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import type { Facts } from '../facts.ts'
import { baseOf, copiesOn } from './copies.ts'
import { volumesOf } from './volumes.ts'

export type LostSpec = Facts['control'] & { from: string }

/** More than the backups of a day: what etcd-manager last said of the cluster is in the newest of its own. */
const NEWEST = 200

/**
 * The spec that the lost one must have been: what etcd-manager wrote into its last backup, else what it runs on the nodes
 * now. Undefined when neither says it: a guess would decide which etcd is started on the data.
 */
export async function lostSpec(world: World): Promise<LostSpec | undefined> {
  const backups = await listBackups(world.store, { limit: NEWEST })
  const last = backups.findLast(({ name, meta }) => meta?.clusterSpec !== undefined && parseBackupName(name))
  if (last?.meta?.clusterSpec) return { ...last.meta.clusterSpec, from: `as in the backup ${last.name}` }
  for (const host of world.controlPlane) {
    const etcdVersion = await runningVersion(world, host).catch((error) => void toRescueError(error))
    if (!etcdVersion) continue
    const memberCount = world.target.nodes.controlPlane.length
    return {
      memberCount,
      etcdVersion,
      from: `guessed by the config's control-plane nodes and the etcd on ${host.name}`,
    }
  }
  return undefined
}

/** The version of etcd in the `state` of this node's etcd-manager. */
async function runningVersion({ target }: World, host: RemoteHost): Promise<string | undefined> {
  const base = baseOf(await copiesOn(host, volumesOf(target, host), target.cluster), target.etcdCluster)
  const state = base === undefined ? undefined : await readStateFile(host, base)
  return (state && parseState(state).etcdVersion) || undefined
}
