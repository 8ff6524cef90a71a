import { toRescueError } from '../../errors/rescue-error.ts'
import type { World } from '../../ports/world.ts'

const KINDS = { nodes: '/registry/minions/', namespaces: '/registry/namespaces/', pods: '/registry/pods/' }

/** What API servers hand out now, as counts of etcd: the sentence that makes an operator see why a fence is needed. */
export async function whatIsServed(world: World): Promise<string> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      const all = await client.count()
      const counts = await Promise.all(
        Object.entries(KINDS).map(async ([name, prefix]) => `${await client.count({ prefix })} ${name}`),
      )
      return `API servers serve what etcd holds now: ${all} keys, of them ${counts.join(', ')}`
    } finally {
      await client.close()
    }
  } catch (error) {
    return `what API servers serve now is not known: ${toRescueError(error).message}`
  }
}
