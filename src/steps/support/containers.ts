import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { restartContainer } from '../../node/runtime.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'

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
 * Restarts a static pod's container, once per node and run: a resumed run does not restart it again.
 * kubelet starts a stopped container by itself (FACTS 6), so this stops it and waits for the new one.
 */
export async function restartOnce({ once, note, signal }: Ctx, host: RemoteHost, pod: StaticPod): Promise<void> {
  await once(`restarted:${host.name}:${pod.container}`, async () => {
    const restarted = await restartContainer(host, { ...pod, timeoutMs: 180_000, signal })
    note(`${host.name}: ${pod.container} restarted${restarted ? ` (${restarted.id.slice(0, 13)})` : ''}`)
    return true
  })
}

/** Restarts a container on all control-plane nodes, one node after the other, so that one always serves. */
export async function restartEverywhere(context: Ctx, pods: StaticPod[]): Promise<void> {
  const { world, progress } = context
  for (const [index, host] of world.controlPlane.entries()) {
    for (const pod of pods) await restartOnce(context, host, pod)
    progress('nodes', index + 1, world.controlPlane.length, 'items')
  }
}

export function notOnNode(host: RemoteHost, pod: StaticPod): RescueError {
  return new RescueError(
    'PRECONDITION',
    `${host.name}: no running container ${pod.container} of a pod ${pod.podPrefix}*`,
    {
      hint: `look on the node: sudo crictl ps --name ${pod.container}; kubelet must be running there to start static pods`,
    },
  )
}
