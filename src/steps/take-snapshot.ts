import { defineStep } from './define.ts'
import { borrowMember, findRelease, returnMember } from './support/members.ts'
import { pour } from './support/pour.ts'

/** A proper snapshot carries its SHA-256, so etcd-manager restores it without a flag (FACTS 2). */
export const takeSnapshot = defineStep<'restored', 'snapshot'>({
  id: 'take-snapshot',
  title: 'save a proper snapshot from the restored copy',
  effect: 'local',
  needs: ['restored'],
  gives: ['snapshot'],
  describe: () => ({
    reads: ['the restored copy, through a local etcd on a unix socket'],
    changes: ['one snapshot file in the scratch'],
  }),
  act: async ({ needs: { restored }, world, signal, outgoing, progress }) => {
    const release = await findRelease(world, restored.minor)
    const member = await borrowMember(world, release, restored.dataDir, signal)
    try {
      const { dbSizeBytes } = await member.client.status()
      await world.scratch.needRoom(dbSizeBytes)
      const path = await world.scratch.file('snapshot.db')
      const onBytes = (total: number) => progress('snapshot', total, dbSizeBytes)
      const poured = await pour(await member.client.snapshot({ signal }), path, { outgoing, signal, onBytes })
      return { snapshot: { path, ...poured } }
    } finally {
      await returnMember(world, restored.dataDir)
    }
  },
})
