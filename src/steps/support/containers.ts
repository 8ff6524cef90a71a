import type { StepContext } from '../../engine/step.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { findContainers, restartContainer } from '../../node/runtime.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { goOnWithout, isAway } from './away.ts'

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
export async function restartOnce({ once, note, signal }: Ctx, host: RemoteHost, pod: StaticPod): Promise<void> {
  await once(`restarted:${host.name}:${pod.container}`, async () => {
    const running = async () => (await findContainers(host, pod)).map(({ id }) => id)
    const before = await once(`before:${host.name}:${pod.container}`, running)
    if ((await running()).some((id) => !before.includes(id))) {
      note(`${host.name}: ${pod.container} was restarted by an earlier attempt`)
      return true
    }
    const restarted = await restartContainer(host, { ...pod, timeoutMs: 180_000, signal })
    if (restarted) note(`${host.name}: ${pod.container} restarted (${restarted.id.slice(0, 13)})`)
    return true
  })
}

/** Restarts a container on all control-plane nodes, one node after the other, so that one always serves. */
export async function restartEverywhere(context: Ctx, pods: StaticPod[]): Promise<void> {
  const { world, progress } = context
  const away: string[] = []
  for (const [index, host] of world.controlPlane.entries()) {
    try {
      for (const pod of pods) await restartOnce(context, host, pod)
    } catch (error) {
      if (!isAway(error) || context.signal.aborted) throw error
      away.push(`${host.name}: ${toRescueError(error).message}`)
    }
    progress('nodes', index + 1, world.controlPlane.length, 'items')
  }
  await goOnWithout(context, away, world.controlPlane.length, pods.map(({ container }) => container).join(' and '))
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
      hint: `look on the node: sudo crictl ps --name ${pod.container}; kubelet must be running there to start static pods`,
    },
  )
}
