import type { ChildProcess } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdRelease } from '../../ports/etcd.ts'
import { type Exit, exited, killGroup, spawnTied, started } from '../spawn.ts'

export interface EtcdSpec {
  release: EtcdRelease
  name: string
  dataDir: string
  clientUrl: string
  peerUrl: string
  /** `name=url` of all members. */
  initialCluster: string[]
  token: string
  clusterState: 'new' | 'existing'
  /** With `clients/{ca,server}.…` and `peers/{ca,me}.…`. */
  pkiDir: string
  forceNewCluster?: boolean
}

/** etcd as etcd-manager runs it: TLS both ways, client certificates required. `=` because tokens may begin with `-`. */
function argvOf(spec: EtcdSpec): [string, ...string[]] {
  const clients = join(spec.pkiDir, 'clients')
  const peers = join(spec.pkiDir, 'peers')
  return [
    spec.release.etcd,
    `--name=${spec.name}`,
    `--data-dir=${spec.dataDir}`,
    `--listen-client-urls=${spec.clientUrl}`,
    `--advertise-client-urls=${spec.clientUrl}`,
    `--listen-peer-urls=${spec.peerUrl}`,
    `--initial-advertise-peer-urls=${spec.peerUrl}`,
    `--initial-cluster=${spec.initialCluster.join(',')}`,
    `--initial-cluster-token=${spec.token}`,
    `--initial-cluster-state=${spec.clusterState}`,
    '--strict-reconfig-check=true',
    '--logger=zap',
    '--log-outputs=stdout',
    '--log-level=warn',
    '--client-cert-auth=true',
    `--trusted-ca-file=${join(clients, 'ca.crt')}`,
    `--cert-file=${join(clients, 'server.crt')}`,
    `--key-file=${join(clients, 'server.key')}`,
    '--peer-client-cert-auth=true',
    `--peer-trusted-ca-file=${join(peers, 'ca.crt')}`,
    `--peer-cert-file=${join(peers, 'me.crt')}`,
    `--peer-key-file=${join(peers, 'me.key')}`,
    ...(spec.forceNewCluster === true ? ['--force-new-cluster'] : []),
  ]
}

/** Starts etcd tied to this process: killing the etcd-manager container kills its etcd (FACTS 6). */
export async function startEtcd(spec: EtcdSpec, output: 'inherit' | 'ignore' = 'inherit'): Promise<ChildProcess> {
  await mkdir(spec.dataDir, { recursive: true, mode: 0o700 })
  const child = await started(spawnTied(argvOf(spec), { stdio: ['ignore', output, output] }))
  return child
}

/** SIGKILL, as etcd-manager does: the database is left without the writes of the last 100 ms (FACTS 2). */
export async function killEtcd(child: ChildProcess): Promise<Exit> {
  killGroup(child, 'SIGKILL')
  return exited(child)
}

/** Puts this node's certificates under `pki/<token>`, where etcd-manager issues them at each start. */
export async function layPki(from: string, to: string): Promise<void> {
  const files = [
    ['clients-ca.crt', 'clients/ca.crt'],
    ['server.crt', 'clients/server.crt'],
    ['server.key', 'clients/server.key'],
    ['peers-ca.crt', 'peers/ca.crt'],
    ['peer.crt', 'peers/me.crt'],
    ['peer.key', 'peers/me.key'],
  ] as const
  await mkdir(join(to, 'clients'), { recursive: true, mode: 0o700 })
  await mkdir(join(to, 'peers'), { recursive: true, mode: 0o700 })
  for (const [source, target] of files) await copyFile(join(from, source), join(to, target))
}
