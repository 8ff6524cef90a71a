import { defineStep } from './define.ts'
import { unfenceAll } from './fence.ts'

/** API servers that start now read the recovered cluster from the first moment: no watch cache is older. */
export const unfence = defineStep({
  id: 'unfence',
  title: 'start the API servers again',
  effect: 'change',
  describe: () => ({
    reads: ['manifests that were set aside'],
    changes: ['API servers started on every control-plane node, their manifests back in place'],
  }),
  act: async (context) => {
    await unfenceAll(context)
    return {}
  },
})
