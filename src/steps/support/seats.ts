import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { type EtcdState, parseState } from '../../etcd-manager/state-file.ts'
import { etcdManagerVersions, type NodeVersions } from '../../node/versions.ts'
import { readStateFile } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import type { Copy } from '../facts.ts'
import { isAway } from './away.ts'
import { volumeOf } from './copies.ts'
import { lacksVolume } from './no-volume.ts'
import { parseSeats, seatOn } from './seat.ts'

/** A node's place in the etcd cluster, as its etcd-manager has it now. */
export interface Place {
  node: string
  base: string
  /** The member's name, where a copy on the node or its state tells. */
  name?: string
  state?: EtcdState
  /** Versions of etcd that its etcd-manager carries or, as far as could be seen, may carry; empty where none was read. */
  installed: readonly string[]
}

/** What was seen of all nodes that answer. */
export interface Places {
  places: Place[]
  /** Nodes that were searched whole, and have no volume of this etcd cluster: see `hasNoVolume`. */
  volumeless: string[]
}

type Ctx = { world: World; note(line: string): void }

/**
 * Where each control-plane node that answers has the volume of this etcd cluster, and what is said of it there. `said`: the
 * volumes that the operator named, `a=/mnt/x,b=/mnt/y`. `PRECONDITION` where a node has one, perhaps, and nothing tells which.
 */
export async function findPlaces({ world, note }: Ctx, copies: readonly Copy[], said = ''): Promise<Places> {
  const nodes = world.controlPlane.map(({ name }) => name)
  const seats = parseSeats(said, nodes)
  const found = await Promise.all(
    world.controlPlane.map(async (host) => {
      try {
        return await placeOn(world, host, copies, seats.get(host.name))
      } catch (error) {
        if (await isVolumeless(world, host, error)) return host.name
        if (!isAway(error)) throw error
        note(`${host.name} cannot be reached, and takes no part: ${toRescueError(error).message}`)
        return undefined
      }
    }),
  )
  return {
    places: found.filter((one) => typeof one === 'object'),
    volumeless: found.filter((one) => typeof one === 'string'),
  }
}

/** No volume could be told: none is there, or it is not known. */
async function isVolumeless(world: World, host: RemoteHost, error: unknown): Promise<boolean> {
  return error instanceof RescueError && error.code === 'PRECONDITION' && (await lacksVolume(world, host))
}

async function placeOn(world: World, host: RemoteHost, copies: readonly Copy[], said?: string): Promise<Place> {
  const { etcdCluster } = world.target
  const own = copies.filter(({ node }) => node === host.name)
  const base = await seatOn(world, host, own, said)
  const content = await readStateFile(host, base)
  const state = content === undefined ? undefined : parseState(content)
  const name = memberOn(base, own)
  const installed = mayCarry(await etcdManagerVersions(host, etcdCluster))
  return {
    node: host.name,
    base,
    installed,
    ...(name === undefined ? {} : { name }),
    ...(state === undefined ? {} : { state }),
  }
}

/** What could not be told is no version that it lacks. */
function mayCarry({ etcdVersionsOnNode: sure, etcdVersionsUnsure: unsure = [] }: NodeVersions): string[] {
  return sure.length === 0 ? [] : [...sure, ...unsure]
}

/**
 * Which member the node is: by what runs there, else by any copy on its volume, since a database that is written just now
 * may not have told; else by what lies beside, which may come from another node's disk and counts only where all agree.
 */
function memberOn(base: string, own: readonly Copy[]): string | undefined {
  const told = own.filter(({ member }) => member !== undefined)
  const onSeat = told.filter(({ path }) => volumeOf(path) === base)
  const beside = new Set(told.map(({ member }) => member))
  return (onSeat.find(({ serving }) => serving) ?? onSeat[0] ?? (beside.size === 1 ? told[0] : undefined))?.member
}
