import { type Context, defineStep } from './define.ts'
import { startManagers } from './stop-etcd-manager.ts'
import { etcdManagerPod } from './support/containers.ts'
import { keepStopped, mustHaveManifest } from './support/etcd-managers.ts'
import { mustBeSafeToStart } from './support/may-start.ts'
import { mustBeMovable, proveMovable } from './support/movable.ts'
import { onSeats } from './support/on-seats.ts'
import { runningWithout } from './support/running-without.ts'

type Ctx = Context<'placement'>

/** Only on the node that is to join; the others serve on. Another leader of theirs reads the store anew, so that is looked at. */
export const stopMember = defineStep<'placement', 'stopped'>({
  id: 'stop-member',
  title: 'stop etcd-manager on the node that is to join, and keep it stopped',
  effect: 'change',
  needs: ['placement'],
  gives: ['stopped'],
  standing: {
    until: 'start-etcd-manager',
    next: (run) =>
      `etcd-rescue runs undo ${run}   # etcd-manager is stopped on the node: resume the run, or take it back with this`,
  },
  describe: () => ({
    reads: ['that the others serve without it; control files and pending commands'],
    changes: ['etcd-manager and its etcd stopped on this node alone, its manifest set aside; the cluster serves on'],
  }),
  check: async (context) => {
    const { world, needs } = context
    await mustServeWithout(context)
    await mustBeSafeToStart(world, needs.placement.etcdVersion)
    const pod = etcdManagerPod(world.target.etcdCluster)
    await onSeats(world, needs.placement.seats, (host) => mustHaveManifest(host, pod))
    await mustBeMovable(world, needs.placement, context.runId)
  },
  act: async (context) => {
    const { world, once, needs, note } = context
    await mustServeWithout(context)
    await proveMovable(world, needs.placement, context.runId)
    const at = await once('at', () => world.clock.now().getTime())
    const nodes = await onSeats(world, needs.placement.seats, async (host, seat) => {
      await keepStopped(context, host, seat)
      return host.name
    })
    note(`etcd-manager is stopped on ${nodes.join(', ')}; the others serve on`)
    return { stopped: { nodes, at } }
  },
  undo: async (context) => {
    await mustBeSafeToStart(context.world)
    await startManagers(context)
  },
})

async function mustServeWithout({ world, needs }: Ctx): Promise<void> {
  for (const { node } of needs.placement.seats) await runningWithout(world, node)
}
