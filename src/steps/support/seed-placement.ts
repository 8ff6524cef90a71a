import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { OWN_DIR } from '../../node/copy-dir.ts'
import type { World } from '../../ports/world.ts'
import type { Facts } from '../facts.ts'
import { stateNodes, versionFor } from './placement.ts'
import { findPlaces, type Place } from './seats.ts'
import { tooFewVolumes } from './volumeless.ts'
import { wantedMembers } from './wanted-members.ts'

type Ctx = StepContext<Pick<Facts, 'copies' | 'copy' | 'control' | 'seed'>, { seats: string }>

/**
 * Every control-plane node gets a member of the new cluster, with the name and the addresses that it has now. One that has no
 * volume gets none: etcd-manager adds it, as it adds to any cluster that has fewer members than the spec wants.
 */
export async function seedPlacement(context: Ctx, token: string): Promise<Facts['placement']> {
  const { copies, copy, control, seed } = context.needs
  const { places, volumeless } = await findPlaces(context, copies, context.inputs.seats)
  const agreed = volumeless.filter((node) => seed.without?.includes(node))
  seatAll({ there: places.length, volumeless: agreed.length }, control.memberCount)
  if (places.length + agreed.length > control.memberCount) throw tooFew(places.length, control.memberCount)
  const nameless = places.find(({ name }) => name === undefined)
  if (nameless) throw unknownName(nameless.node)
  const twin = places.find(({ name }, at) => places.findIndex((other) => other.name === name) !== at)
  if (twin) throw sameName(places.filter(({ name }) => name === twin.name))
  const listed = copies.flatMap(({ memberList }) => memberList ?? [])
  const wanted = places.map(({ name = '' }) => {
    const member = [...(copy.memberList ?? []), ...listed].find((one) => one.name === name)
    return member ?? { id: '', name, peerUrls: [] }
  })
  const members = stateNodes(places, wanted)
  const homeless = members.find(({ peerUrls }) => peerUrls.length === 0)
  if (homeless) throw unknownAddress(homeless.name)
  const versions = { dataVersion: `${seed.minor}.0`, specVersion: control.etcdVersion }
  const etcdVersion = versionFor(places, versions, context.note)
  const seats = places.map(({ node, base, name = node }) => ({
    node,
    base,
    name,
    source: `${base}/${OWN_DIR}/seed/${token}`,
  }))
  return { token, etcdVersion, members, seats }
}

interface Seated {
  /** Nodes that get a member. */
  there: number
  /** Nodes that answer, have no volume, and get none. */
  volumeless: number
}

/** Before anything is stopped: as many have to answer as the spec says. Where nothing tells it yet, `seedPlacement` asks again. */
export async function mustSeatAll(world: World, seated: Seated): Promise<void> {
  const wanted = await wantedMembers(world)
  if (wanted !== undefined) seatAll(seated, wanted)
}

function seatAll({ there, volumeless }: Seated, wanted: number): void {
  if (there + volumeless < wanted) throw tooFew(there, wanted)
  const why = tooFewVolumes(there, wanted)
  if (why !== undefined)
    throw new RescueError('PRECONDITION', why, { hint: 'attach the disks of more of them, and resume the run' })
}

function tooFew(there: number, wanted: number): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${there} control-plane nodes answer, and the cluster spec wants ${wanted} members`,
    {
      hint: 'a seed needs all of them, or who is away is left with another cluster; bring them back and resume the run; or, where the others are a quorum, return without: etcd-rescue recover --method return-in-place --set down=NODE',
    },
  )
}

function sameName(places: readonly Place[]): RescueError {
  const nodes = places.map(({ node, base }) => `${node} (${base})`).join(' and ')
  return new RescueError(
    'PRECONDITION',
    `${nodes} hold the same member ${places[0]?.name}: one was copied from the other`,
    {
      hint: 'move the copied volume away on its node, or name the right one in etcd-rescue.yaml as volumes: of the node',
    },
  )
}

function unknownAddress(name: string): RescueError {
  return new RescueError(
    'PRECONDITION',
    `nothing says at which address the others reach the member ${JSON.stringify(name.slice(0, 100))}`,
    {
      hint: 'let its etcd-manager join the cluster that runs now, then begin again; or rebuild: etcd-rescue recover --method rebuild-from-trashcan',
    },
  )
}

function unknownName(node: string): RescueError {
  return new RescueError('PRECONDITION', `${node}: nothing on its volume says which member it is`, {
    hint: 'let its etcd-manager join the cluster that runs now, then begin again; or rebuild: etcd-rescue recover --method rebuild-from-trashcan',
  })
}
