import type { World } from '../../ports/world.ts'
import { isAway } from './away.ts'
import { lacksVolume } from './no-volume.ts'
import { rejoinCommand } from './rejoin-command.ts'
import { sayGoesOnWithout } from './volumeless.ts'

/** Who took no part in a recovery, and what is typed when that node is back: at its end, where it is read. */
export async function tellOfAway({ controlPlane, target }: World, note: (line: string) => void): Promise<void> {
  for (const host of controlPlane) {
    const took = await lacksVolume({ target }, host).then(
      (lacks) => (lacks ? 'no volume' : 'part'),
      (error: unknown) => (isAway(error) ? 'away' : 'part'),
    )
    if (took === 'no volume') note(sayGoesOnWithout(host.name, target.etcdCluster))
    if (took === 'away')
      note(
        `${host.name} took no part, and goes on with another cluster when it is back: take it in then: ${rejoinCommand(host.name, target.etcdCluster)}`,
      )
  }
}
