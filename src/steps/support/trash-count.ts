import { wholeOf } from '../../node/search.ts'
import { findVolumes, listDataDirs } from '../../node/volumes.ts'
import type { World } from '../../ports/world.ts'
import { volumesOf } from './volumes.ts'

/** How many tokens lie in the trashcans of each node that answers. */
export async function countTokens(world: World): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const host of world.controlPlane) {
    try {
      const bases = await findVolumes(host, volumesOf(world.target, host))
      const dirs = await Promise.all(
        wholeOf(host, bases).map(async (base) => wholeOf(host, await listDataDirs(host, base))),
      )
      counts[host.name] = dirs.flat().filter(({ place }) => place === 'trashcan').length
    } catch {
      // A node that is away, or does not show all of its trashcans, cannot show a loop; the others can.
    }
  }
  return counts
}
