import { RescueError } from '../errors/rescue-error.ts'
import { count } from '../words/numbers.ts'
import { defineStep } from './define.ts'
import { compareMembers, mustAllHoldTheSame, nextForUnseen } from './support/compare-members.ts'

/**
 * What each member of the running cluster holds, against one of them at its revision of now: also those that were filled by
 * their peers since the data was verified, or did not answer then.
 */
export const verifyMembers = defineStep<never, 'members'>({
  id: 'verify-members',
  title: 'compare the data of every member with the others',
  effect: 'read',
  gives: ['members'],
  next: nextForUnseen,
  describe: () => ({ reads: ["the hash of each member's data, and every key where hashes do not tell"], changes: [] }),
  act: async (context) => {
    const { world, note } = context
    const live = await world.live.connect()
    try {
      await live.count({ prefix: '/registry/namespaces/' })
      const { revision } = await live.status()
      const members = await compareMembers(context, live, revision)
      const seen = members.filter(({ is }) => is !== 'unseen').map(({ node }) => node)
      // one of them is the very one that they are compared with
      if (seen.length < Math.min(2, world.controlPlane.length)) throw nobody(seen)
      const same = members.filter(({ is }) => is === 'same').map(({ node }) => node)
      note(`${same.join(', ')} hold the same up to revision ${count(revision)}`)
      return { members }
    } finally {
      await live.close()
    }
  },
  verify: async ({ world }, { members }) =>
    mustAllHoldTheSame(members, { next: 'etcd-rescue run verify-members', etcdCluster: world.target.etcdCluster }),
})

function nobody(seen: readonly string[]): RescueError {
  const alone = seen.length === 0 ? '' : `: only ${seen.join(', ')} answered`
  return new RescueError('ETCD_UNREACHABLE', `no member could be compared with another${alone}`, {
    hint: 'see what each node runs: etcd-rescue scan; then type the same again',
  })
}
