import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { ManagerConfig } from '../etcd-manager/config.ts'
import { putFile } from '../files.ts'
import { type LabNode, MAIN_PORTS, pathsOf } from '../layout.ts'
import type { LabSettings } from '../options.ts'
import type { S3Access } from '../store.ts'

export interface ManagerParts {
  settings: LabSettings
  cluster: string
  backupStore: string
  s3: S3Access | null
  controlPlane: readonly LabNode[]
}

/** A peer id in `myid`. Random, so that the leader (the lowest) is now this node and now that one (FACTS 1). */
export async function writePeerId(node: LabNode): Promise<void> {
  await putFile(join(pathsOf(node).mainVolume, 'myid'), randomBytes(16).toString('base64url'), 0o644)
}

export async function writeManagerConfigs(parts: ManagerParts): Promise<void> {
  const { settings, controlPlane } = parts
  const shared = {
    clusterName: 'etcd-main',
    ports: { ...MAIN_PORTS },
    backupStore: parts.backupStore,
    peers: controlPlane.map(({ address }) => `${address}:${MAIN_PORTS.grpc}`),
    secret: randomBytes(16).toString('hex'),
    loopSeconds: settings.loopSeconds,
    backupSeconds: settings.backupSeconds,
    releases: settings.releases,
    copyAtOnce: Math.min(32, Math.max(1, Math.round(settings.speed))),
    replacesEmptyDisks: settings.replacesEmptyDisks,
    s3: parts.s3,
  }
  for (const node of controlPlane) {
    const paths = pathsOf(node)
    const own = { nodeName: `etcd-${node.name}`, address: node.address, volume: paths.mainVolume, tmp: paths.tmp }
    const config: ManagerConfig = { ...shared, ...own, pkiDir: paths.etcdPki, leaderFault: paths.leaderFault }
    await putFile(paths.managerConfig, JSON.stringify(config))
  }
}
