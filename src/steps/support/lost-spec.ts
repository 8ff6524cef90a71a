import { toRescueError } from '../../errors/rescue-error.ts'
import { listBackups, parseBackupName, withMetas } from '../../etcd-manager/backups.ts'
import { parseState } from '../../etcd-manager/state-file.ts'
import { readStateFile } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { absent, type Seen, seen, unseen } from '../../seen/index.ts'
import type { Facts } from '../facts.ts'
import { heldOn } from './copies.ts'
import { seatOn } from './seat.ts'
import { volumesOf } from './volumes.ts'

export type LostSpec = Facts['control'] & { from: string }

/** More than the backups of a day: what etcd-manager last said of the cluster is in the newest of its own. */
const NEWEST = 200

/**
 * The spec that the lost one must have been: what etcd-manager wrote into its last backup, else what it runs on the nodes
 * now. `absent` when neither says it, `unseen` when a node that could say it did not, or two say different things: a guess
 * would decide which etcd is started on the data.
 */
export async function lostSpec(world: World): Promise<Seen<LostSpec>> {
  const own = (await listBackups(world.store)).filter(({ name }) => parseBackupName(name)).slice(-NEWEST)
  for (const listed of own.reverse()) {
    const [backup] = await withMetas(world.store, [listed])
    if (backup?.meta?.clusterSpec) return seen({ ...backup.meta.clusterSpec, from: `as in the backup ${backup.name}` })
  }
  const answers = await Promise.all(
    world.controlPlane.map(async (host) => ({ node: host.name, version: await runningVersion(world, host) })),
  )
  const told = answers.flatMap(({ node, version }) =>
    version.is === 'seen' ? [{ node, etcdVersion: version.value }] : [],
  )
  const [first] = told
  const other = told.find(({ etcdVersion }) => etcdVersion !== first?.etcdVersion)
  if (first && other)
    return unseen(
      `the nodes run different etcds: ${first.node} ${first.etcdVersion}, ${other.node} ${other.etcdVersion}`,
    )
  if (first) {
    const from = `guessed by the config's control-plane nodes and the etcd on ${first.node}`
    return seen({ memberCount: world.target.nodes.controlPlane.length, etcdVersion: first.etcdVersion, from })
  }
  const whys = answers.flatMap(({ version }) => (version.is === 'unseen' ? [version.why] : []))
  return whys.length === 0 ? absent : unseen(whys.slice(0, 5).join('; '))
}

/** The version of etcd in the `state` of this node's etcd-manager. */
async function runningVersion(world: World, host: RemoteHost): Promise<Seen<string>> {
  const { target } = world
  try {
    const { found, unsearched } = await heldOn(host, volumesOf(target, host))
    if (!found.some(({ etcdCluster }) => etcdCluster === target.etcdCluster)) {
      const [first] = unsearched
      return first === undefined ? absent : unseen(`${host.name}: ${first.path ?? 'a part of it'}: ${first.why}`)
    }
    const state = await readStateFile(host, await seatOn(world, host, found))
    const version = state && parseState(state).etcdVersion
    return version ? seen(version) : absent
  } catch (error) {
    return unseen(toRescueError(error).message)
  }
}
