import { z } from 'zod'
import type { StepContext } from '../engine/step.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { ASIDE } from '../node/manifests.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { isAway } from './support/away.ts'
import { etcdManagerPod } from './support/containers.ts'
import { keepStopped, mustHaveManifest, startPod } from './support/etcd-managers.ts'
import { quorumOf } from './support/generation.ts'
import { mustBeSafeToStart } from './support/may-start.ts'
import { namedNodes } from './support/named-nodes.ts'
import { ownBackupNames } from './support/new-backups.ts'
import { onAll, onSeats } from './support/on-seats.ts'

const inputs = z.strictObject({
  /** Control-plane nodes that cannot be reached and are surely off, with commas between: said without being asked. */
  down: z.string().default(''),
})
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'placement' | 'saved', Inputs>

/**
 * Stopped on every node at once and kept so: a leader that still ran would take the others for lost. etcd is killed with its
 * etcd-manager (FACTS 6). From here on until the first read the cluster is away.
 */
export const stopEtcdManager = defineStep<'placement' | 'saved', 'stopped' | 'earlierBackups', Inputs>({
  id: 'stop-etcd-manager',
  title: 'stop etcd-manager on every control-plane node, and keep it stopped',
  effect: 'change',
  needs: ['placement', 'saved'],
  gives: ['stopped', 'earlierBackups'],
  inputs,
  standing: {
    until: 'start-etcd-manager',
    next: (run) =>
      `etcd-rescue runs undo ${run}   # etcd-manager is stopped on every node: resume the run, or take it back with this`,
  },
  describe: () => ({
    reads: ['control files and pending commands', 'that every control-plane node answers'],
    changes: [
      'etcd-manager and its etcd stopped on every control-plane node, manifests set aside: etcd is away from here on',
    ],
  }),
  check: async (context) => {
    const { world, needs } = context
    await mustBeSafeToStart(world, needs.placement.etcdVersion)
    const pod = etcdManagerPod(world.target.etcdCluster)
    await onSeats(world, needs.placement.seats, (host) => mustHaveManifest(host, pod))
    await agreeWithout(context, await away(context))
  },
  act: async (context) => {
    const { world, once, needs, note } = context
    const earlierBackups = await once('backups', () => ownBackupNames(world.store))
    const at = await once('at', () => world.clock.now().getTime())
    const nodes = await onSeats(world, needs.placement.seats, async (host, seat) => {
      await keepStopped(context, host, seat)
      return host.name
    })
    note(`etcd-manager is stopped on ${nodes.join(', ')}`)
    const { clusterId } = needs.saved
    return {
      earlierBackups,
      stopped: { nodes, at, ...(clusterId === undefined ? {} : { clusterIdBefore: clusterId }) },
    }
  },
  undo: async (context) => {
    await mustBeSafeToStart(context.world)
    await startManagers(context)
  },
})

/** One that lives on behind a broken network still runs the empty cluster, and may lead the others when it is back. */
async function agreeWithout({ world, note, inputs }: Ctx, away: readonly string[]): Promise<void> {
  const nodes = world.controlPlane.map(({ name }) => name)
  const down = namedNodes('down', inputs.down, nodes)
  if (away.length === 0) return
  const said = `etcd-manager cannot be stopped on ${away.join(', ')}, which cannot be reached`
  const question = `${said}. Is it surely down there? Go on without?`
  // --yes knows nothing of it: a member that lives on behind a broken network would bring another cluster along
  const flag = `a terminal, or in a new run --set down=${away.join(',')}`
  const isSaid = away.every((name) => down.includes(name))
  if (isSaid || (await world.prompter.confirm(question, { flag, default: false }))) {
    note(
      `${said}: before it comes back, move its state file and data/ directory away, or it brings another cluster along`,
    )
    return
  }
  throw new RescueError('PRECONDITION', said, { hint: 'bring it back or shut it down, and resume the run' })
}

/** Nodes of the config that take no seat are those that could not be reached. */
async function away({ world, needs }: Ctx): Promise<string[]> {
  const seated = new Set(needs.placement.seats.map(({ node }) => node))
  const others = world.controlPlane.filter(({ name }) => !seated.has(name))
  return onAll(others, async (host) => {
    try {
      await host.run({ effect: 'read', argv: ['true'] })
    } catch (error) {
      if (isAway(error)) return host.name
      throw error
    }
    throw isBack(host.name)
  })
}

/** Its etcd-manager runs, and is not one of those that are stopped. */
function isBack(node: string): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${node} could not be reached when the copies were looked for, and is back now`,
    {
      hint: 'nothing was stopped; begin a new run, which looks at this node too: etcd-rescue recover',
    },
  )
}

/** Puts the manifests back on every seat at once and waits until the containers run. */
export async function startManagers(context: StepContext<Pick<Facts, 'placement'>, unknown>): Promise<void> {
  const { world, needs } = context
  const pod = etcdManagerPod(world.target.etcdCluster)
  const { seats } = needs.placement
  const away = await onSeats(world, seats, async (host) => {
    try {
      await startPod(context, host, pod)
      return []
    } catch (error) {
      if (!isAway(error)) throw error
      return [host.name]
    }
  })
  const gone = away.flat()
  if (gone.length === 0) return
  const said = `etcd-manager could not be started on ${gone.join(', ')}, which cannot be reached`
  if (seats.length - gone.length >= quorumOf(seats.length))
    return context.note(`careful: ${said}; put its manifest back there when it is: ${ASIDE}`)
  throw new RescueError('HOST_UNREACHABLE', said, {
    hint: 'bring them back and resume the run: the others are no quorum',
  })
}
