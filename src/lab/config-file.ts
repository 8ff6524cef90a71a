import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { putFile } from './files.ts'
import type { LabNode } from './layout.ts'
import type { LabSettings } from './options.ts'
import type { SshKeys } from './ssh/keys.ts'
import type { S3Access } from './store.ts'

export const CLUSTER = 'drill.example.com'

export interface ConfigParts {
  dir: string
  settings: LabSettings
  nodes: readonly LabNode[]
  keys: SshKeys
  state: string
  s3: S3Access | null
}

/** Writes `etcd-rescue.yaml`: `recover` against the sandbox is `recover` against a cluster. Credentials are not in it. */
export async function writeConfig(parts: ConfigParts): Promise<string> {
  const { dir, settings, nodes, keys, state, s3 } = parts
  const of = (role: LabNode['role']) =>
    nodes.filter((node) => node.role === role).map(({ name, address, port, root }) => ({ name, address, port, root }))
  const config = {
    cluster: CLUSTER,
    state,
    etcdClusters: { main: {}, events: {} },
    ...(s3 === null ? {} : { s3: { region: s3.region, endpoint: s3.endpoint, forcePathStyle: true } }),
    ssh: { user: 'drill', identityFile: keys.identityFile, knownHosts: keys.knownHosts, sudo: true },
    nodes: { controlPlane: of('control-plane'), workers: of('worker') },
    volumes: ['/mnt/*'],
    ...toolsOf(settings),
    workDir: join(dir, 'work'),
    loopSeconds: settings.loopSeconds,
  }
  const file = join(dir, 'etcd-rescue.yaml')
  await putFile(file, stringify(config))
  return file
}

/** With the real etcd-manager comes the real etcd-manager-ctl, to give the restore command with, where there is one. */
function toolsOf({ etcdManagerBin, etcdBinDir }: LabSettings): { tools?: Record<string, string> } {
  const ctl = etcdManagerBin === undefined ? undefined : join(etcdManagerBin, 'etcd-manager-ctl')
  const tools = {
    ...(etcdBinDir === undefined ? {} : { etcdBinDir }),
    ...(ctl !== undefined && existsSync(ctl) ? { etcdManagerCtl: ctl } : {}),
  }
  return Object.keys(tools).length === 0 ? {} : { tools }
}
