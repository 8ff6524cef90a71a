import { defineStep } from './define.ts'
import { startManagers } from './stop-etcd-manager.ts'
import { keepStopped } from './support/etcd-managers.ts'
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
  check: ({ world, needs }) => mustBeSafeToStart(world, needs.placement.etcdVersion),
  act: async (context) => {
    await startManagers(context)
    return {}
  },
  undo: async (context) => {
    const { world, needs } = context
    await onSeats(world, needs.placement.seats, (host, seat) => keepStopped(context, host, seat))
  },
})
