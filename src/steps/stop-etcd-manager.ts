import { z } from 'zod'
import type { StepContext } from '../engine/step.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { PUT_BACK } from '../node/manifests.ts'
import { type Context, defineStep } from './define.ts'
import type { Facts } from './facts.ts'
import { isAway } from './support/away.ts'
import { etcdManagerPod } from './support/containers.ts'
import { onEnough } from './support/enough.ts'
import { keepStopped, mustHaveManifest, startPod } from './support/etcd-managers.ts'
import { mustBeSafeToStart } from './support/may-start.ts'
import { mustBeMovable, proveMovable } from './support/movable.ts'
import { namedNodes } from './support/named-nodes.ts'
import { ownBackupNames } from './support/new-backups.ts'
import { lacksVolume } from './support/no-volume.ts'
import { hostOf, onAll, onSeats } from './support/on-seats.ts'
import { hasVote, quorumOf } from './support/quorum.ts'
import { rejoinCommand } from './support/rejoin-command.ts'

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
    reads: [
      'control files and pending commands',
      'that every control-plane node answers, and that each directory can be renamed there',
    ],
    changes: [
      'an empty directory of our own renamed and removed again, to prove that renames go through',
      'etcd-manager and its etcd stopped on every control-plane node, manifests set aside: etcd is away from here on',
    ],
  }),
  check: async (context) => {
    const { world, needs } = context
    await mustBeSafeToStart(world, needs.placement.etcdVersion)
    const pod = etcdManagerPod(world.target.etcdCluster)
    await onSeats(world, needs.placement.seats, (host) => mustHaveManifest(host, pod))
    await mustBeMovable(world, needs.placement, context.runId)
    await agreeWithout(context, await away(context))
  },
  act: async (context) => {
    const { world, once, needs, note } = context
    await proveMovable(world, needs.placement, context.runId)
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
    const then = away.map((node) => rejoinCommand(node, world.target.etcdCluster)).join('; ')
    note(`${said}: when it comes back it goes on alone with another cluster; take it in then: ${then}`)
    return
  }
  throw new RescueError('PRECONDITION', said, { hint: 'bring it back or shut it down, and resume the run' })
}

/** Nodes of the config that take no seat could not be reached, or have no volume: an etcd-manager without one runs no etcd, and is left as it is. */
async function away({ world, needs, note }: Ctx): Promise<string[]> {
  const seated = new Set(needs.placement.seats.map(({ node }) => node))
  const others = world.controlPlane.filter(({ name }) => !seated.has(name))
  const found = await onAll(others, async (host) => {
    try {
      if (!(await lacksVolume(world, host))) throw isBack(host.name)
    } catch (error) {
      if (isAway(error)) return [host.name]
      throw error
    }
    note(`etcd-manager on ${host.name} is left as it is: it waits for its volume, and runs no etcd`)
    return []
  })
  return found.flat()
}

/** Its etcd-manager runs, or can begin to at any moment, and is not one of those that are stopped. */
function isBack(node: string): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${node} answers and may have its volume now: when the seats were chosen it could not be reached, or had none`,
    {
      hint: 'nothing was stopped; begin a new run, which looks at this node too: etcd-rescue recover',
    },
  )
}

/** Puts the manifests back on every seat together and waits until the containers run, or those of a quorum. */
export async function startManagers(context: StepContext<Pick<Facts, 'placement'>, unknown>): Promise<void> {
  const { world, needs } = context
  const pod = etcdManagerPod(world.target.etcdCluster)
  const { seats } = needs.placement
  const needed = quorumOf(seats.filter(hasVote).length)
  await onEnough(context, seats, ({ node }) => startPod(context, hostOf(world, node), pod), {
    said: 'etcd-manager could not be started',
    nodeOf: ({ node }) => node,
    isEnough: (up) => up.filter(hasVote).length >= needed,
    whenBack: () => ({ command: PUT_BACK, onNode: true }),
  })
}
