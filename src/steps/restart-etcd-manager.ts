import { z } from 'zod'
import { defineStep } from './define.ts'
import { checkManagers, restartManagers } from './support/containers.ts'
import { leaderFirst } from './support/leader.ts'

const inputs = z.strictObject({
  /** `leader` is enough for a command to be read; `all` restarts the others too, one after the other. */
  nodes: z.enum(['leader', 'all']).default('leader'),
})
type Inputs = z.infer<typeof inputs>

/**
 * Only a leader that starts reads commands; restarting a non-leader does nothing, and restarting all at once leaves out
 * whoever is late (FACTS 4). The leader is the lowest peer id, which each volume keeps in `myid` (FACTS 1).
 */
export const restartEtcdManager = defineStep<never, 'restarted', Inputs>({
  id: 'restart-etcd-manager',
  title: "restart etcd-manager's leader, so that it reads the command",
  effect: 'change',
  gives: ['restarted'],
  inputs,
  describe: ({ nodes }) => ({
    reads: ['myid on every control-plane node, to find the leader'],
    changes: [
      nodes === 'leader'
        ? 'the etcd-manager container on the leader, stopped; kubelet starts it again'
        : 'etcd-manager on every control-plane node, the leader first',
    ],
  }),
  check: async ({ world }) => {
    await checkManagers(world)
  },
  act: async (context) => {
    const { world, inputs, once, note } = context
    const order = await once('order', () => leaderFirst(context))
    const others = world.controlPlane.map(({ name }) => name).filter((name) => !order.includes(name))
    const hosts = [...order, ...others]
      .map((name) => world.controlPlane.find((host) => host.name === name))
      .filter((host) => host !== undefined)
    note(`leader by lowest peer id: ${order[0]}`)
    const chosen = inputs.nodes === 'all' ? hosts : hosts.slice(0, 1)
    await restartManagers(context, chosen)
    return { restarted: { nodes: chosen.map((host) => host.name) } }
  },
})
