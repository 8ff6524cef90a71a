import { gzipFile } from '../gzip/index.ts'
import { defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { takeAhead } from './support/ahead.ts'
import { pour } from './support/pour.ts'
import { mustBeOfThisBoot, thisBoot } from './support/same-boot.ts'

export const gzipSnapshot = defineStep<'snapshot', 'gz'>({
  id: 'gzip-snapshot',
  title: 'compress the snapshot as etcd-manager does',
  effect: 'local',
  needs: ['snapshot'],
  gives: ['gz'],
  describe: () => ({ reads: ['the snapshot file'], changes: ['one etcd.backup.gz in the scratch'] }),
  check: async (context) => {
    // not there yet when take-snapshot runs together with this one
    const snapshot = context.needs.snapshot as Facts['snapshot'] | undefined
    if (snapshot) await mustBeOfThisBoot(context, snapshot)
  },
  act: async (context) => {
    const { world, signal, outgoing, settled, progress } = context
    const { snapshot } = await settled
    await mustBeOfThisBoot(context, snapshot)
    const path = await world.scratch.file('etcd.backup.gz')
    const made = await thisBoot(world)
    const ahead = takeAhead(world)
    try {
      const onBytes = (total: number) => progress('gzip', total)
      const how = { outgoing, signal, onBytes, isDurable: made.boot === undefined }
      return { gz: { path, ...(await pour(gzipFile(snapshot.path, ahead), path, how)), ...made } }
    } finally {
      await ahead?.close()
    }
  },
})
