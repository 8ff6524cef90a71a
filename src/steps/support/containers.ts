import type { StepContext } from '../../engine/step.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { findContainers, restartContainer } from '../../node/runtime.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { shellWord } from '../../shell/quote.ts'
import { goOnWithout, isAway } from './away.ts'
import { type Failed, failedAlone, goOnWithEnough, tooFew, type Waited } from './enough.ts'
import { quorumOf } from './quorum.ts'
import { ofCluster } from './rejoin-command.ts'

type Ctx = StepContext<unknown, unknown>

/** A container of a static pod, found by its name and the start of its pod's name. */
export interface StaticPod {
  container: string
  podPrefix: string
}

export function etcdManagerPod(etcdCluster: string): StaticPod {
  return { container: 'etcd-manager', podPrefix: `etcd-manager-${etcdCluster}` }
}

/**
 * Restarts a static pod's container, once per node and run: a resumed run does not restart it again, also when it was
 * killed just after the restart. A leader that is restarted in the middle of a restore begins it again (FACTS 4).
 * kubelet starts a stopped container by itself (FACTS 6), so this stops it and waits for the new one.
 */
export async function restartOnce({ once, note, signal, world }: Ctx, host: RemoteHost, pod: StaticPod): Promise<void> {
  await once(`restarted:${host.name}:${pod.container}`, async () => {
    const running = async () => (await findContainers(host, pod)).map(({ id }) => id)
    const before = await once(`before:${host.name}:${pod.container}`, running)
    if ((await running()).some((id) => !before.includes(id))) {
      note(`${host.name}: ${pod.container} was restarted by an earlier attempt`)
      return true
    }
    const restarted = await restartContainer(host, {
      ...{ ...pod, timeoutMs: 180_000, signal, clock: world.clock },
    })
    if (restarted) note(`${host.name}: ${pod.container} restarted (${restarted.id.slice(0, 13)})`)
    return true
  })
}

/**
 * Restarts a container on these nodes, one after the other, so that one always serves: where none came up, the last that
 * still runs is left as it is. One that came up is enough to go on.
 */
export async function restartEverywhere(
  context: Ctx,
  pods: StaticPod[],
  hosts: readonly RemoteHost[] = context.world.controlPlane,
): Promise<void> {
  const { progress } = context
  const what = pods.map(({ container }) => container).join(' and ')
  const waited: Waited<RemoteHost> = {
    said: `${what} did not come back after the restart`,
    nodeOf: ({ name }) => name,
    isEnough: (up) => up.length > 0,
    whenBack: () => ({ command: 'etcd-rescue restart apiserver', onNode: false }),
  }
  const away: Failed<RemoteHost>[] = []
  const failed: Failed<RemoteHost>[] = []
  for (const [index, host] of hosts.entries()) {
    if (failed.length > 0 && failed.length + away.length === hosts.length - 1) throw tooFew(failed, waited)
    const error = await alone(context, () => eachOf(pods, (pod) => restartOnce(context, host, pod)))
    if (error !== undefined) (isAway(error) ? away : failed).push({ one: host, error })
    progress('nodes', index + 1, hosts.length, 'items')
  }
  const seen = hosts.filter((host) => away.every(({ one }) => one !== host))
  await goOnWithEnough(context, seen, failed, waited)
  await goOnWithout(
    context,
    away.map(({ one, error }) => `${one.name}: ${error.message}`),
    hosts.length,
    what,
  )
}

/** Restarts etcd-manager on these nodes, one after the other; never on one more where too few came back. */
export async function restartManagers(context: Ctx, hosts: readonly RemoteHost[]): Promise<void> {
  const { etcdCluster } = context.world.target
  const pod = etcdManagerPod(etcdCluster)
  const all = context.world.controlPlane
  const waited: Waited<RemoteHost> = {
    said: 'etcd-manager did not come back after the restart',
    nodeOf: ({ name }) => name,
    isEnough: (up) => up.length >= quorumOf(all.length),
    whenBack: () => ({ command: 'etcd-rescue restart etcd-manager'.concat(ofCluster(etcdCluster)), onNode: false }),
  }
  const failed: Failed<RemoteHost>[] = []
  for (const host of hosts) {
    const error = await alone(context, () => restartOnce(context, host, pod))
    if (error !== undefined) failed.push({ one: host, error })
    if (all.length - failed.length < quorumOf(all.length)) throw tooFew(failed, waited)
  }
  await goOnWithEnough(context, all, failed, waited)
}

/** What failed on one node alone; all else is thrown. */
async function alone({ signal }: Ctx, work: () => Promise<void>): Promise<RescueError | undefined> {
  try {
    await work()
    return undefined
  } catch (caught) {
    const error = failedAlone(caught, signal)
    if (error === undefined) throw caught
    return error
  }
}

async function eachOf<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (const one of all) await work(one)
}

/** `PRECONDITION` when etcd-manager runs on a node only in name. Resolves to why each node that is away could not be asked. */
export async function checkManagers({ controlPlane, target }: World): Promise<string[]> {
  const pod = etcdManagerPod(target.etcdCluster)
  const away: string[] = []
  for (const host of controlPlane) {
    try {
      if ((await findContainers(host, pod)).length === 0) throw notOnNode(host, pod)
    } catch (error) {
      if (!isAway(error)) throw error
      away.push(`${host.name}: ${toRescueError(error).message}`)
    }
  }
  return away
}

function notOnNode(host: RemoteHost, pod: StaticPod): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${host.name}: no running container ${pod.container} of a pod ${pod.podPrefix}*`,
    {
      hint: `look on the node: sudo crictl ps --name ${shellWord(pod.container)}; kubelet must be running there to start static pods`,
    },
  )
}
