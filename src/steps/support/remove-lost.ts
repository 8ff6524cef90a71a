import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient, EtcdMember } from '../../ports/etcd.ts'
import type { Seat } from '../facts.ts'
import { hasVote } from './quorum.ts'
import { rejoinCommand } from './rejoin-command.ts'

type Ctx = Pick<StepContext<unknown, unknown>, 'world' | 'note' | 'once'>

/**
 * Whether the old member is gone from the list. `through`: the node whose member is asked, where another cluster may answer
 * too. One that cannot be removed safely, or is not wanted to be, is told and left.
 */
export async function removeLost(
  context: Ctx,
  { node, name, lostMemberId: id = '' }: Seat,
  through?: string,
): Promise<boolean> {
  const { world, note, once } = context
  const client = await world.live.connect(through === undefined ? {} : { node: through })
  try {
    const members = await client.members()
    if (!members.some((member) => member.id === id)) return true
    const said = `${name} (${id}) has no data that the cluster can use, and its etcd-manager on ${node} waits until the old member is removed`
    if (
      await once(`remove:${node}`, () =>
        world.prompter.confirm(`${said}. Remove it, so that it joins again?`, { flag: '--yes', default: true }),
      )
    ) {
      await mustHaveQuorum(client, members, id)
      await client.removeMember(id)
      note(`member ${id} (${name}) is removed from the list; what lies on ${node} stays there`)
      return true
    }
    note(`${said}. It is taken in later with: ${rejoinCommand(node, world.target.etcdCluster)}`)
    return false
  } finally {
    await client.close()
  }
}

/** Removing one of the members that are left must not take the quorum away. */
async function mustHaveQuorum(client: EtcdClient, members: readonly EtcdMember[], id: string): Promise<void> {
  const voters = members.filter(hasVote)
  if (voters.length >= 3 || voters.every((member) => member.id !== id)) return
  throw new RescueError('PRECONDITION', `the cluster has only ${voters.length} members: none may be removed now`, {
    hint: `look on a node: etcdctl member list (endpoint ${client.endpoint})`,
  })
}
