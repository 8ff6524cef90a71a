import { lastUsedBy } from '../../node/manager-volume.ts'
import { runningEtcds } from '../../node/running-etcds.ts'
import type { Search } from '../../node/search.ts'
import { findVolumes } from '../../node/volumes.ts'
import { pathOn, type RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { seen } from '../../seen/index.ts'
import { type Held, heldOn, volumeOf } from './copies.ts'
import { clusterOf } from './runs-now.ts'
import { volumesOf } from './volumes.ts'

type Ctx = Pick<World, 'target'>

/** etcd-manager takes part, and so leads, only when it has mounted its volume: until then it waits for it (FACTS 1). */
export const NO_VOLUME = 'it has no volume of this etcd cluster, and its etcd-manager waits for one: it cannot lead'

/**
 * That a node which answers has no volume of this etcd cluster: its disk is not attached, or dead. True only where all was
 * searched, each volume that is there is known to be another etcd cluster's, the one that etcd-manager last used by its log
 * is really not there, and no etcd of this cluster runs. `own`: the copies on this node.
 */
export async function hasNoVolume({ target }: Ctx, host: RemoteHost, own: Search<Held>): Promise<boolean> {
  const mayBeOurs = ({ etcdCluster }: Held) => etcdCluster === target.etcdCluster || etcdCluster === 'unknown'
  if (own.unsearched.length > 0 || own.found.some(mayBeOurs)) return false
  const { found: bases, unsearched } = await findVolumes(host, volumesOf(target, host))
  if (unsearched.length > 0 || !bases.every((base) => isOfAnother(target.etcdCluster, base, own.found))) return false
  return (await isLastUsedGone({ target }, host)) && !(await mayRun({ target }, host))
}

/** The same with a look of its own: the copies that steps are given are those of their etcd cluster alone. */
export async function lacksVolume({ target }: Ctx, host: RemoteHost): Promise<boolean> {
  return hasNoVolume({ target }, host, await heldOn(host, volumesOf(target, host)))
}

function isOfAnother(etcdCluster: string, base: string, own: readonly Held[]): boolean {
  const there = own.filter(({ path }) => volumeOf(path) === base)
  return there.length > 0 && there.every((one) => one.etcdCluster !== etcdCluster && one.etcdCluster !== 'unknown')
}

/** The config may name other places than the one that etcd-manager uses: what lies there was not searched. */
async function isLastUsedGone({ target }: Ctx, host: RemoteHost): Promise<boolean> {
  const used = target.log === undefined ? undefined : await lastUsedBy(host, pathOn(host, target.log))
  if (used === undefined || used.is === 'absent') return true
  if (used.is === 'unseen') return false
  const above = used.value.replace(/\/[^/]*$/, '')
  if (above === '' || /[*?[\]\\]/.test(above)) return false
  const { found, unsearched } = await findVolumes(host, [`${above}/*`])
  return unsearched.length === 0 && !found.includes(pathOn(host, used.value))
}

async function mayRun({ target }: Ctx, host: RemoteHost): Promise<boolean> {
  const running = await runningEtcds(host)
  return running.is !== 'seen' || running.value.some((one) => clusterOf({ running: seen(one) }) === target.etcdCluster)
}
