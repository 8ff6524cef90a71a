import { readControl } from '../../etcd-manager/control.ts'
import type { World } from '../../ports/world.ts'
import { lostSpec } from './lost-spec.ts'

/** How many members the cluster spec wants, or the lost one did; undefined where nothing tells it yet. */
export async function wantedMembers(world: World): Promise<number | undefined> {
  const { spec } = await readControl(world.store)
  if (spec.value) return spec.value.memberCount
  const lost = await lostSpec(world)
  return lost.is === 'seen' ? lost.value.memberCount : undefined
}
