import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { type EtcdState, parseState } from '../../etcd-manager/state-file.ts'
import { etcdManagerVersions } from '../../node/versions.ts'
import { findVolumes, listDataDirs, readStateFile } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import type { Copy } from '../facts.ts'
import { isAway } from './away.ts'
import { baseOf } from './copies.ts'
import { volumesOf } from './volumes.ts'

/** A node's place in the etcd cluster, as its etcd-manager has it now. */
export interface Place {
  node: string
  base: string
  /** The member's name, where a copy on the node or its state tells. */
  name?: string
  state?: EtcdState
  /** Versions of etcd that its etcd-manager carries; empty where they could not be read. */
  installed: readonly string[]
}

type Ctx = { world: World; note(line: string): void }

/** Where each control-plane node that answers has the volume of this etcd cluster, and what is said of it there. */
export async function findPlaces({ world, note }: Ctx, copies: readonly Copy[]): Promise<Place[]> {
  const found = await Promise.all(
    world.controlPlane.map(async (host) => {
      try {
        return await placeOn(world, host, copies)
      } catch (error) {
        if (!isAway(error)) throw error
        note(`${host.name} cannot be reached, and takes no part: ${toRescueError(error).message}`)
        return undefined
      }
    }),
  )
  return found.filter((place) => place !== undefined)
}

async function placeOn(world: World, host: RemoteHost, copies: readonly Copy[]): Promise<Place> {
  const { etcdCluster } = world.target
  const own = copies.filter(({ node }) => node === host.name)
  const base = baseOf(own, etcdCluster) ?? (await emptyVolume(world, host, own))
  const content = await readStateFile(host, base)
  const state = content === undefined ? undefined : parseState(content)
  // a database that is written just now may not have told: any other copy on the node knows it as well
  const named = own.filter(({ member }) => member !== undefined)
  const name = (named.find(({ serving }) => serving) ?? named[0])?.member
  const { etcdVersionsOnNode: installed } = await etcdManagerVersions(host, etcdCluster)
  return {
    node: host.name,
    base,
    installed,
    ...(name === undefined ? {} : { name }),
    ...(state === undefined ? {} : { state }),
  }
}

/** A new volume has no database that says whose it is: it is the one that holds nothing. */
async function emptyVolume(world: World, host: RemoteHost, own: readonly Copy[]): Promise<string> {
  const bases = await findVolumes(host, volumesOf(world.target, host))
  const used = new Set(own.map((copy) => copy.path.replace(/\/data(-trashcan)?\/[^/]+$/, '')))
  const free: string[] = []
  for (const base of bases) if (!used.has(base) && (await listDataDirs(host, base)).length === 0) free.push(base)
  const [only] = free
  if (only !== undefined && free.length === 1) return only
  const what = free.length === 0 ? 'no volume' : `more than one volume (${free.join(', ')})`
  throw new RescueError('PRECONDITION', `${host.name}: ${what} could be that of etcd ${world.target.etcdCluster}`, {
    hint: `name the right one in etcd-rescue.yaml, as volumes: of the node ${host.name}`,
  })
}
