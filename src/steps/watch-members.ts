import { toRescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
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
    const { until, world, needs, note, once } = context
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
    for (const { node } of needs.placement.seats.filter(({ source }) => source !== undefined))
      await until({ name: `the member on ${node} serves`, ...wait, look: () => serves(context, node) }).catch((error) =>
        goOnWithQuorum(context, node, error),
      )
    return { restoredLive: { clusterId, seconds, liveRevision: needs.expected.revision } }
  },
})

/** The cluster answers linearizable reads: it has its quorum, and must not stay behind the fence for one member. */
function goOnWithQuorum({ note, world }: Ctx, node: string, error: unknown): void {
  const { code, message } = toRescueError(error)
  if (code !== 'TIMED_OUT') throw error
  note(
    `careful: ${message}. The cluster has a quorum without it; look into ${world.target.log ?? 'the log of its etcd-manager'} on ${node} afterwards`,
  )
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

async function serves({ world }: Ctx, node: string) {
  const client = await world.live.connect({ node, timeoutMs: 5000 })
  try {
    await client.count({ prefix: '/registry/namespaces/' })
    return { done: true as const, value: true }
  } finally {
    await client.close()
  }
}
