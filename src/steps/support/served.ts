import { toRescueError } from '../../errors/rescue-error.ts'
import type { World } from '../../ports/world.ts'
import { many } from '../../words/numbers.ts'

const KINDS = { node: '/registry/minions/', namespace: '/registry/namespaces/', pod: '/registry/pods/' }

/** What API servers hand out now, as counts of etcd: the sentence that makes an operator see why a fence is needed. */
export async function whatIsServed(world: World): Promise<string> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      const all = await client.count()
      const counts = await Promise.all(
        Object.entries(KINDS).map(async ([name, prefix]) => many(await client.count({ prefix }), name)),
      )
      return `API servers serve what etcd holds now: ${many(all, 'key')}, of them ${counts.join(', ')}`
    } finally {
      await client.close()
    }
  } catch (error) {
    return `what API servers serve now is not known: ${toRescueError(error).message}`
  }
}
