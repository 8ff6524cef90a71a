import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { OWN_DIR } from '../../node/copy-dir.ts'
import type { Facts } from '../facts.ts'
import { stateNodes, versionFor } from './placement.ts'
import { findPlaces, type Place } from './seats.ts'

type Ctx = StepContext<Pick<Facts, 'copies' | 'copy' | 'control' | 'seed'>, unknown>

/** Every control-plane node gets a member of the new cluster, with the name and the addresses that it has now. */
export async function seedPlacement(context: Ctx, token: string): Promise<Facts['placement']> {
  const { copies, copy, control, seed } = context.needs
  const places = await findPlaces(context, copies)
  if (places.length !== control.memberCount) throw tooFew(places.length, control.memberCount)
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
  const etcdVersion = versionFor(places, { dataVersion: `${seed.minor}.0`, specVersion: control.etcdVersion })
  const seats = places.map(({ node, base, name = node }) => ({
    node,
    base,
    name,
    source: `${base}/${OWN_DIR}/seed/${token}`,
  }))
  return { token, etcdVersion, members, seats }
}

function tooFew(there: number, wanted: number): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${there} control-plane nodes answer, and the cluster spec wants ${wanted} members`,
    {
      hint: 'a seed needs all of them, or who is away is left with another cluster; bring them back and resume the run',
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
