import { findManifests } from '../../node/manifests.ts'
import { findContainers } from '../../node/runtime.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { isAway } from './away.ts'
import type { StaticPod } from './containers.ts'
import { onAll } from './on-seats.ts'

export const APISERVER: StaticPod = { container: 'kube-apiserver', podPrefix: 'kube-apiserver' }

/** Every node that runs an API server: the control plane, and those of instance groups of role APIServer (FACTS 9). */
export function apiServerHosts({
  controlPlane,
  workers,
  target,
}: Pick<World, 'controlPlane' | 'workers' | 'target'>): RemoteHost[] {
  const names = new Set(target.nodes.workers.filter(({ apiServer }) => apiServer).map(({ name }) => name))
  return [...controlPlane, ...workers.filter(({ name }) => names.has(name))]
}

/** Whether the manifest of every API server that was seen is set aside. False when no node was seen: that is no proof. */
export async function areFenced(hosts: readonly RemoteHost[]): Promise<boolean> {
  const seen = (await onAll(hosts, isStopped)).filter((one) => one !== undefined)
  return seen.length > 0 && seen.every(Boolean)
}

/** Whether it is certain that none serves: on every node the manifest is set aside, and no container runs. */
export async function noneServes(hosts: readonly RemoteHost[]): Promise<boolean> {
  const stopped = await onAll(hosts, async (host) => {
    const [isAside, running] = await Promise.all([isStopped(host), findContainers(host, APISERVER)])
    return isAside === true && running.length === 0
  })
  return stopped.length > 0 && stopped.every(Boolean)
}

/** Undefined where the node cannot be reached: who has agreed to stop the others has agreed to that one. */
async function isStopped(host: RemoteHost): Promise<boolean | undefined> {
  try {
    const { inPlace, aside } = await findManifests(host, APISERVER)
    return inPlace.length === 0 && aside.length > 0
  } catch (error) {
    if (isAway(error)) return undefined
    throw error
  }
}
