import { many, bytes as sizeOf } from '../words/numbers.ts'
import { defineStep } from './define.ts'
import { dropAhead } from './support/ahead.ts'
import { returnMembers } from './support/members.ts'

/** An etcd database holds every Secret of the cluster in the clear. */
export const removeSecrets = defineStep({
  id: 'remove-secrets',
  title: 'remove the fetched data from this machine',
  effect: 'local',
  describe: () => ({
    reads: [],
    changes: ['everything in the scratch of this run on this machine; the journal stays'],
  }),
  act: async ({ world, note }) => {
    await Promise.all([returnMembers(world), dropAhead(world)])
    const { files, bytes } = await world.scratch.removeAll()
    note(
      `removed ${many(files, 'file')} (${sizeOf(bytes)}) from this machine; the originals on the nodes and the backups stay`,
    )
    return {}
  },
})
