import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { readMyId } from '../node/volumes.ts'
import { type Context, defineStep } from './define.ts'
import { isAway } from './support/away.ts'
import { checkManagers, etcdManagerPod, restartOnce } from './support/containers.ts'
import { baseOf, copiesOn } from './support/copies.ts'
import { volumesOf } from './support/volumes.ts'

const inputs = z.strictObject({
  /** `leader` is enough for a command to be read; `all` restarts the others too, one after the other. */
  nodes: z.enum(['leader', 'all']).default('leader'),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<never, Inputs>

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
    for (const host of chosen) await restartOnce(context, host, etcdManagerPod(world.target.etcdCluster))
    return { restarted: { nodes: chosen.map((host) => host.name) } }
  },
})

/** Of the nodes that answer: one that is dead does not lead, whatever its id. */
async function leaderFirst({ world: { controlPlane, target }, note }: Ctx): Promise<string[]> {
  const peers: { name: string; id: string }[] = []
  for (const host of controlPlane) {
    try {
      const base = baseOf(await copiesOn(host, volumesOf(target, host), target.cluster), target.etcdCluster)
      const id = base === undefined ? undefined : await readMyId(host, base)
      if (id !== undefined) peers.push({ name: host.name, id })
    } catch (error) {
      if (!isAway(error)) throw error
      note(`${host.name} cannot be asked for its peer id; if it is alive and leads, restart its etcd-manager by hand`)
    }
  }
  if (peers.length === 0) throw noIds()
  return peers.sort((a, b) => (a.id < b.id ? -1 : 1)).map((peer) => peer.name)
}

function noIds(): RescueError {
  return new RescueError('PRECONDITION', 'no control-plane node has a myid file, so the leader cannot be told', {
    hint: 'set the volumes in etcd-rescue.yaml to the etcd-manager base directories (default /mnt/*)',
  })
}
