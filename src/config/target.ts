import { RescueError } from '../errors/rescue-error.ts'
import type { Target, TargetNode } from '../ports/target.ts'
import type { Config, ConfigNode } from './config.ts'

/**
 * The plain value that a run is aimed at: one etcd cluster of the config. `CONFIG_INVALID` when the cluster, its store
 * or the etcd cluster is not named anywhere. Nodes may be missing here; see `requireNodes`.
 */
export function toTarget(config: Config, etcdCluster: string): Target {
  const { cluster } = config
  if (cluster === undefined)
    throw missing('the cluster has no name', 'name it: --name, KOPS_CLUSTER_NAME, or cluster: in')
  return {
    cluster,
    etcdCluster,
    backupStore: backupStoreOf(config, cluster, etcdCluster),
    nodes: {
      controlPlane: config.nodes.controlPlane.map((node) => toTargetNode(node, config)),
      workers: config.nodes.workers.map((node) => toTargetNode(node, config)),
    },
    tools: config.tools,
    ...(config.logs[etcdCluster] === undefined ? {} : { log: config.logs[etcdCluster] }),
    loopSeconds: config.loopSeconds,
  }
}

/** FACTS 3: the default store is `<state>/<cluster>/backups/etcd/<name>`. */
function backupStoreOf(config: Config, cluster: string, etcdCluster: string): string {
  const entry = config.etcdClusters[etcdCluster]
  if (entry === undefined) {
    const known = Object.keys(config.etcdClusters).join(', ')
    throw new RescueError('USAGE', `no etcd cluster "${etcdCluster}" in the configuration`, {
      hint: `choose one with --etcd-cluster: ${known}; or add it under etcdClusters:`,
    })
  }
  if (entry.backupStore !== undefined) return entry.backupStore
  if (config.state === undefined)
    throw missing('the state store is not known', 'name it: --state, KOPS_STATE_STORE, or state: in')
  return `${config.state}/${cluster}/backups/etcd/${etcdCluster}`
}

const toTargetNode = (node: ConfigNode, { ssh }: Config): TargetNode => ({
  name: node.name,
  address: node.address,
  port: node.port ?? ssh.port ?? 22,
  root: node.root,
  volumes: node.volumes,
  ...(node.apiServer ? { apiServer: true as const } : {}),
})

/** Commands that go to the nodes want them in the config: `CONFIG_INVALID` otherwise. */
export function requireNodes(target: Target): Target {
  if (target.nodes.controlPlane.length > 0) return target
  throw missing('no control-plane node is configured', 'list them under nodes: controlPlane: in')
}

function missing(message: string, way: string): RescueError {
  return new RescueError('CONFIG_INVALID', message, {
    hint: `${way} etcd-rescue.yaml (a first one is written by: etcd-rescue config init)`,
  })
}
