import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { World } from '../../ports/world.ts'
import type { Facts } from '../facts.ts'

type Ctx = Pick<StepContext<{ command: Facts['command'] }, unknown>, 'world' | 'needs' | 'once'>

/** When the cluster before a restore answered last, and the restored one first. */
export interface Outage {
  /** Asks once whether the one before still answers. */
  look(): Promise<void>
  /** It was seen to answer just now. */
  isServed(): void
  /** The restored one answers with all its keys: how long neither did. Remembered, so that a resumed run says the same. */
  ended(): Promise<number>
}

/**
 * etcd-manager's leader reads the command some loops after it was given, and the cluster serves till then: the outage does not
 * begin with the command. Where the one before was not seen to answer at all, it does, as far as anybody knows.
 */
export function watchOutage({ world, needs: { command }, once }: Ctx): Outage {
  const now = () => world.clock.now().getTime()
  let last = command.requestedAt
  const isServed = () => {
    last = now()
  }
  return {
    isServed,
    look: async () => {
      if ((await servedNow(world)) === command.clusterIdBefore) isServed()
    },
    ended: () => once('outage', () => (now() - last) / 1000),
  }
}

/** The id of the cluster that answers a linearizable read; that none does is what is watched for. */
async function servedNow(world: World): Promise<string | null> {
  try {
    const client = await world.live.connect({ timeoutMs: 2000 })
    try {
      await client.count({ prefix: '/registry/namespaces/' })
      return (await client.status()).clusterId
    } finally {
      await client.close()
    }
  } catch (error) {
    if (error instanceof RescueError) return null
    throw error
  }
}
