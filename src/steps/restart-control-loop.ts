import { defineStep } from './define.ts'
import { restartEverywhere } from './support/containers.ts'

/** Their informers hold objects and resource versions of the cluster before the restore (FACTS 4). */
export const restartControlLoop = defineStep({
  id: 'restart-control-loop',
  title: 'restart controller-manager and scheduler',
  effect: 'change',
  describe: () => ({
    reads: ['containers on the control plane'],
    changes: ['the kube-controller-manager and kube-scheduler containers on every control-plane node'],
  }),
  act: async (context) => {
    await restartEverywhere(context, [
      { container: 'kube-controller-manager', podPrefix: 'kube-controller-manager' },
      { container: 'kube-scheduler', podPrefix: 'kube-scheduler' },
    ])
    return {}
  },
})
