import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import type { StaticPod } from './containers.ts'

export const APISERVER: StaticPod = { container: 'kube-apiserver', podPrefix: 'kube-apiserver' }

/** Every node that runs an API server: the control plane, and those of instance groups of role APIServer (FACTS 9). */
export function apiServerHosts({ controlPlane, workers, target }: World): RemoteHost[] {
  const names = new Set(target.nodes.workers.filter(({ apiServer }) => apiServer).map(({ name }) => name))
  return [...controlPlane, ...workers.filter(({ name }) => names.has(name))]
}
