import { RescueError } from '../errors/rescue-error.ts'
import { count } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Seat } from './facts.ts'
import { commonRevision, memberHashes, oddByKeys } from './support/member-hashes.ts'
import { rejoinCommand } from './support/rejoin-command.ts'
import { removeLost } from './support/remove-lost.ts'
import { askMember, runningWithout } from './support/running-without.ts'

type Ctx = Context<'placement' | 'swapped'>

/** As for replace-members: a backup, a removal, an addition; 95 s were seen. */
const LOOPS = 60

/**
 * With its own directory it serves within seconds. An empty seat is taken in by etcd-manager within a loop or two, once the
 * list has no old member for it: that one is taken out first, when it is wanted. Then its data must equal the others'.
 */
export const joinMember = defineStep<'placement' | 'swapped'>({
  id: 'join-member',
  title: 'let the node join, and compare its data with the others',
  effect: 'change',
  needs: ['placement', 'swapped'],
  describe: () => ({
    reads: ['the member list; a linearizable read of the new member; the hash of all data on every member'],
    changes: ['only for an empty seat, and asked: member remove of the old member that the list still has for it'],
  }),
  act: async (context) => {
    for (const seat of context.needs.placement.seats) await join(context, seat)
    return {}
  },
})

async function join(context: Ctx, seat: Seat): Promise<void> {
  const { needs, until, note, world } = context
  const { node } = seat
  if (seat.source === undefined && seat.lostMemberId !== undefined) {
    const [via] = (await runningWithout(world, node)).answers
    if (!(await removeLost(context, seat, via?.node))) throw stillListed(seat)
  }
  const timeoutMs = LOOPS * world.target.loopSeconds * 1000 + 60_000
  await until({
    name: `${seat.name} on ${node} is a member and serves`,
    timeoutMs,
    look: async () => {
      const { status } = await askMember(world, node)
      if (status.clusterId === needs.placement.clusterId) return { done: true, value: true }
      return { done: false, last: `it serves the cluster ${status.clusterId}` }
    },
  })
  const keys = await until({
    name: `the data on ${node} equal the others'`,
    timeoutMs,
    fatal: ['NOT_VERIFIED'],
    look: () => compare(context, node),
  })
  const { members } = await askMember(world, node)
  note(`${node} is a member and serves: ${members.length} members, the same data up to revision ${count(keys)}`)
}

/**
 * etcd's own hash of all keys and their history, of each member at one revision that all have reached; every key where they
 * have not compacted the same.
 */
async function compare({ world, signal }: Ctx, node: string) {
  const { answers } = await runningWithout(world, node)
  const own = await askMember(world, node)
  const revision = commonRevision(answers)
  if (own.status.revision < revision)
    return { done: false as const, last: `it is at revision ${count(own.status.revision)} of ${count(revision)}` }
  const hashes = await memberHashes(world, [own, ...answers], revision)
  const [first, ...others] = hashes ?? []
  const odd =
    hashes === undefined
      ? await oddByKeys({ world, signal }, node, answers, revision)
      : others.find((one) => one.hash !== first?.hash)
  if (odd === 'unknown') return { done: false as const, last: 'a compaction is under way' }
  if (odd) throw different(world, node, odd.node, revision)
  return { done: true as const, value: revision }
}

function stillListed({ node, lostMemberId }: Seat): RescueError {
  return new RescueError('STEP_FAILED', `${node} cannot join while the list has its old member ${lostMemberId}`, {
    hint: 'take it back: etcd-rescue runs undo; or begin anew, and say yes',
  })
}

function different({ target }: Ctx['world'], node: string, other: string, revision: number): RescueError {
  return new RescueError(
    'NOT_VERIFIED',
    `the data on ${node} are not those on ${other} at revision ${count(revision)}`,
    {
      hint: `it must be emptied and filled by its peers: etcd-rescue runs undo; then ${rejoinCommand(node, target.etcdCluster, 'no')}`,
    },
  )
}
