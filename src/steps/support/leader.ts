import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { readMyId } from '../../node/volumes.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { isAway } from './away.ts'
import { type Held, heldOn, volumeOf } from './copies.ts'
import { hasNoVolume, NO_VOLUME } from './no-volume.ts'
import { seatOn } from './seat.ts'
import { volumesOf } from './volumes.ts'

type Ctx = Pick<StepContext<unknown, unknown>, 'world' | 'note'>

interface Peers {
  /** Those that answer and whose id is known, the lowest first. */
  order: string[]
  /** Those that answer and whose id is not: any of them may lead. Each with why. */
  unknown: { node: string; why: string }[]
  /** Those that answer and have no volume: they cannot lead. */
  without: string[]
  away: string[]
}

/**
 * The nodes by their peer ids, of which the lowest leads (FACTS 1). Of the nodes that answer: one that is dead does not
 * lead, whatever its id. `PRECONDITION` when none has an id.
 */
export async function leaderFirst({ world, note }: Ctx): Promise<string[]> {
  const { order, unknown, without, away } = await findPeers(world)
  for (const name of without) note(`goes on without ${name}: ${NO_VOLUME}`)
  for (const name of away)
    note(`${name} cannot be asked for its peer id; if it is alive and leads, restart its etcd-manager by hand`)
  for (const { node, why } of unknown) note(`careful: ${node} may lead: ${why}; then restart its etcd-manager by hand`)
  if (order.length === 0) throw noIds()
  return order
}

/**
 * Only a leader that starts reads commands (FACTS 4): where it cannot be told which node leads, another one would be
 * restarted, and the command would wait for whoever starts the leader next. `PRECONDITION` then, before there is a command.
 * `asItIs`: what is changed by now, for the hint. Gives the nodes that
 * take part, the leader first.
 */
export async function mustKnowLeader({ world, note }: Ctx, asItIs: string): Promise<string[]> {
  const { order, unknown, without } = await findPeers(world)
  for (const name of without) note(`goes on without ${name}: ${NO_VOLUME}`)
  const [first] = unknown
  if (first !== undefined) throw mayLead(first, asItIs)
  if (order.length === 0) throw noIds()
  return order
}

async function findPeers(world: World): Promise<Peers> {
  const ids: { node: string; id: string }[] = []
  const peers: Peers = { order: [], unknown: [], without: [], away: [] }
  for (const host of world.controlPlane) {
    const { name: node } = host
    try {
      const copies = await heldOn(host, volumesOf(world.target, host))
      if (await hasNoVolume(world, host, copies)) {
        peers.without.push(node)
        continue
      }
      const id = await peerIdOn(world, host, copies.found)
      if (id === undefined) peers.unknown.push({ node, why: 'its volume has no myid file' })
      else ids.push({ node, id })
    } catch (error) {
      if (isAway(error)) peers.away.push(node)
      else if (error instanceof RescueError && error.code === 'PRECONDITION')
        peers.unknown.push({ node, why: error.message })
      else throw error
    }
  }
  const order = ids.sort((a, b) => (a.id < b.id ? -1 : 1)).map((peer) => peer.node)
  return { ...peers, order }
}

/** A volume that was made from a snapshot of another has the same id: then it does not matter which of them is used. */
async function peerIdOn(world: World, host: RemoteHost, copies: readonly Held[]): Promise<string | undefined> {
  const { target } = world
  const held = copies.filter(({ etcdCluster }) => etcdCluster === target.etcdCluster)
  const bases = [...new Set(held.map(({ path }) => volumeOf(path)))]
  const ids = await Promise.all(bases.map((base) => readMyId(host, base)))
  const [only] = ids
  if (bases.length > 0 && ids.every((id) => id === only)) return only
  // one without data has a peer id all the same, and may lead
  return readMyId(host, await seatOn(world, host, copies))
}

function mayLead({ node, why }: Peers['unknown'][number], asItIs: string): RescueError {
  return new RescueError('PRECONDITION', `it is not known which node leads: ${node} may, and ${why}`, {
    hint: `${asItIs}; look on node ${node} which volume its etcd-manager uses and what its myid says, and name it as volumes: of the node in etcd-rescue.yaml`,
  })
}

function noIds(): RescueError {
  return new RescueError('PRECONDITION', 'no control-plane node has a myid file, so the leader cannot be told', {
    hint: 'set the volumes in etcd-rescue.yaml to the etcd-manager base directories (default /mnt/*)',
  })
}
