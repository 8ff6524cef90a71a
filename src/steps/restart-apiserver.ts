import { defineStep } from './define.ts'
import { APISERVER, apiServerHosts } from './support/api-servers.ts'
import { restartEverywhere } from './support/containers.ts'

/** Resource versions went backwards with the restore; an API server's watch cache would serve the old ones (FACTS 4). */
export const restartApiserver = defineStep({
  id: 'restart-apiserver',
  title: 'restart the API servers, one after the other',
  effect: 'change',
  describe: () => ({
    reads: ['containers on the control plane'],
    changes: ['the kube-apiserver container on every control-plane node'],
  }),
  act: async (context) => {
    await restartEverywhere(context, [APISERVER], apiServerHosts(context.world))
    return {}
  },
})
