import { defineStep } from './define.ts'
import { startManagers } from './stop-etcd-manager.ts'
import { etcdManagerPod } from './support/containers.ts'
import { stopPod, untilReleased } from './support/etcd-managers.ts'
import { mustBeSafeToStart } from './support/may-start.ts'
import { onSeats } from './support/on-seats.ts'

export const startEtcdManager = defineStep<'placement' | 'stopped' | 'swapped'>({
  id: 'start-etcd-manager',
  title: 'start etcd-manager on every control-plane node',
  effect: 'change',
  needs: ['placement', 'stopped', 'swapped'],
  describe: () => ({
    reads: ['control files and pending commands'],
    changes: [
      'etcd-manager started on every control-plane node, manifests back in place; etcd writes into its directory',
    ],
  }),
  check: ({ world }) => mustBeSafeToStart(world),
  act: async (context) => {
    await startManagers(context)
    return {}
  },
  undo: async (context) => {
    const { world, needs } = context
    const pod = etcdManagerPod(world.target.etcdCluster)
    await onSeats(world, needs.placement.seats, async (host, { base }) => {
      await stopPod(context, host, pod)
      await untilReleased(context, host, base)
    })
  },
})
