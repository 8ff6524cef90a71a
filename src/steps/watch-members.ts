import { toRescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts, Seat } from './facts.ts'
import { rejoinCommand } from './support/rejoin-command.ts'
import { withLogs } from './support/with-logs.ts'

type Ctx = Context<'placement' | 'stopped' | 'expected'>
type Look = { done: true; value: { clusterId: string; at: number } } | { done: false; last: string }

/** The first linearizable read of the right cluster ends the outage; then every member that has its data must answer. */
export const watchMembers = defineStep<'placement' | 'stopped' | 'expected', 'restoredLive'>({
  id: 'watch-members',
  title: 'wait until the members serve',
  effect: 'read',
  needs: ['placement', 'stopped', 'expected'],
  gives: ['restoredLive'],
  describe: () => ({ reads: ['a linearizable read of the running etcd, then every member'], changes: [] }),
  act: async (context) => {
    const { until, world, needs, note, once, left } = context
    const wait = { timeoutMs: 60 * world.target.loopSeconds * 1000 + 60_000, everyMs: 100 }
    const { clusterId, at } = await once('first-read', () =>
      withLogs(
        context,
        until({
          name: 'etcd answers a linearizable read with the recovered cluster',
          ...wait,
          look: () => firstRead(context),
        }),
      ),
    )
    const seconds = (at - needs.stopped.at) / 1000
    note(`etcd serves again, ${seconds.toFixed(1)} s after etcd-manager was stopped (cluster ${clusterId})`)
    // one whose etcd-manager did not start was told, and is not waited for
    const isLeft = ({ node }: Seat) => left.some((one) => one.node === node)
    for (const seat of needs.placement.seats.filter((one) => one.source !== undefined && !isLeft(one)))
      await until({ name: `the member on ${seat.node} serves`, ...wait, look: () => serves(context, seat) }).catch(
        (error) => goOnWithQuorum(context, seat.node, error),
      )
    return { restoredLive: { clusterId, seconds, liveRevision: needs.expected.revision } }
  },
})

/** The cluster answers linearizable reads: it has its quorum, and must not stay behind the fence for one member. */
async function goOnWithQuorum({ leave, world }: Ctx, node: string, error: unknown): Promise<void> {
  const { code, message } = toRescueError(error)
  if (code !== 'TIMED_OUT') throw error
  const log = world.target.log ?? 'the log of its etcd-manager'
  const what = `${message}. The cluster has a quorum without it; look into ${log} there; take it in if it stays away`
  await leave({ node, what, command: rejoinCommand(node, world.target.etcdCluster), onNode: false })
}

async function firstRead({ world, needs }: Ctx): Promise<Look> {
  const client = await world.live.connect({ timeoutMs: 2000 })
  try {
    await client.count({ prefix: '/registry/namespaces/' })
    const { clusterId } = await client.status()
    const wrong = whyWrong(needs, clusterId)
    return wrong === undefined
      ? { done: true, value: { clusterId, at: world.clock.now().getTime() } }
      : { done: false, last: wrong }
  } finally {
    await client.close()
  }
}

function whyWrong({ placement, stopped }: Pick<Facts, 'placement' | 'stopped'>, clusterId: string): string | undefined {
  if (placement.clusterId !== undefined && clusterId !== placement.clusterId)
    return `the cluster ${clusterId} is served, not ${placement.clusterId}`
  return clusterId === stopped.clusterIdBefore ? `the cluster from before (${clusterId}) is still served` : undefined
}

/** A learner answers no linearizable read, however well it is. */
async function serves({ world }: Ctx, { node, isLearner }: Seat) {
  const client = await world.live.connect({ node, timeoutMs: 5000 })
  try {
    if (isLearner) await client.status()
    else await client.count({ prefix: '/registry/namespaces/' })
    return { done: true as const, value: true }
  } finally {
    await client.close()
  }
}
