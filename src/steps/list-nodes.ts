import { defineStep } from './define.ts'
import { gapLines, nodeGap, readNodes } from './support/known-nodes.ts'
import { borrowMember, findRelease } from './support/members.ts'
import { mustBeOfThisBoot } from './support/same-boot.ts'

/**
 * The empty cluster no longer knows its nodes; the recovered data does. Said before anything is changed: a kubelet that
 * is not in the config is not restarted, and goes on with resource versions from before the restore.
 */
export const listNodes = defineStep<'restored'>({
  id: 'list-nodes',
  title: 'compare the nodes of the recovered data with the config',
  effect: 'local',
  needs: ['restored'],
  describe: () => ({ reads: ['the nodes in the restored copy'], changes: [] }),
  check: (context) => mustBeOfThisBoot(context, context.needs.restored),
  act: async ({ world, needs: { restored }, note, signal }) => {
    const release = await findRelease(world, restored.minor)
    // take-snapshot stops it
    const { client } = await borrowMember(world, release, restored.dataDir, signal)
    const gap = nodeGap(await readNodes(client, signal), world.target)
    for (const line of gapLines(gap)) note(line)
    if (gap.unlisted.length > 0)
      note('to reach them: stop here, add them (etcd-rescue nodes SOURCE prints the block), and run recover again')
    return {}
  },
})
