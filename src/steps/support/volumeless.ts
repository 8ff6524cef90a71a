import { quorumOf } from './quorum.ts'
import { rejoinCommand } from './rejoin-command.ts'

/** Seen and absent: these nodes answer, were searched whole, and have no volume of this etcd cluster. */
export const sayVolumeless = (nodes: readonly string[], etcdCluster: string): string =>
  nodes.length === 1
    ? `${nodes[0]} has no volume of etcd ${etcdCluster}, and its etcd-manager waits for one`
    : `${nodes.join(', ')} have no volume of etcd ${etcdCluster}, and their etcd-managers wait for one`

/** What is done about each of them, for the proposal and for the run's notes. */
export const sayGoesOnWithout = (node: string, etcdCluster: string): string =>
  `${node} has no volume of etcd ${etcdCluster}: goes on without it; take it in afterwards, once it has one: ${rejoinCommand(node, etcdCluster)}`

export const withoutFlag = (nodes: readonly string[]): string => `--set without=${nodes.join(',')}`

/** Why a new cluster cannot be made on so few: etcd-manager makes, and adds to, only one that is a quorum of what it wants. */
export function tooFewVolumes(seated: number, wanted: number): string | undefined {
  const needed = quorumOf(wanted)
  if (seated >= needed) return undefined
  return `only ${seated} of ${wanted} control-plane nodes ${seated === 1 ? 'has' : 'have'} a volume of etcd-manager, and ${needed} are needed`
}
