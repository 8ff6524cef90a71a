import type { RemoteHost } from '../../ports/remote-host.ts'
import type { Target } from '../../ports/target.ts'

/** The globs of etcd-manager base directories that the config names for this node. */
export function volumesOf(target: Target, host: RemoteHost): string[] {
  return target.nodes.controlPlane.find((node) => node.name === host.name)?.volumes ?? []
}
