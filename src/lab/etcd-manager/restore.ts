import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { EtcdRelease } from '../../ports/etcd.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { type Gateway, openGateway } from '../etcd/gateway.ts'
import { allKeys, isHealthy, putKey } from '../etcd/kv.ts'
import { RESTORES_WITH } from '../options.ts'
import { downloadSnapshot, loadInfo, scratch } from './backup.ts'
import type { ManagerConfig } from './config.ts'
import { killEtcd, layPki, startEtcd } from './etcd-process.ts'
import { info, warning } from './log.ts'
import { releaseFor } from './member.ts'
import { runTool } from './tool.ts'

/** Ports of the etcd that only reads the backup, on the node's own address. */
const TEMP_CLIENT = 8002
const TEMP_PEER = 8003
const READY_TRIES = 120

export function gatewayTo(config: ManagerConfig, port: number, address = config.address): Gateway {
  const pem = (name: string) => readFileSync(join(config.pkiDir, name), 'utf8')
  return openGateway({ address, port, ca: pem('clients-ca.crt'), cert: pem('client.crt'), key: pem('client.key') })
}

/** A fixed etcd for each minor version that this etcd-manager knows, else the backup's own; none means the loop of FACTS 4. */
function releaseToRestore(config: ManagerConfig, version: string): EtcdRelease {
  const known = RESTORES_WITH[version.split('.').slice(0, 2).join('.')] ?? version
  if (known !== version) warning(`restoring backup from etcd "${version}", will restore with "${known}"`)
  return releaseFor(config, known)
}

/** 3.6's etcdctl cannot restore (FACTS 2). Never with --skip-hash-check: a plain copy is refused. */
async function restoreSnapshot(release: EtcdRelease, file: string, dataDir: string, peerUrl: string): Promise<void> {
  const tool =
    release.minor === '3.4' || release.minor === '3.5' ? release.etcdctl : (release.etcdutl ?? release.etcdctl)
  await runTool([
    tool,
    'snapshot',
    'restore',
    file,
    '--name=restore',
    `--initial-cluster=restore=${peerUrl}`,
    '--initial-cluster-token=data',
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--data-dir=${dataDir}`,
  ])
  info('snapshot restore complete')
}

/** Restores a backup aside and copies it, key by key, into the new cluster on this node's quarantine port (FACTS 4). */
export async function doRestore(config: ManagerConfig, store: ObjectStore, backup: string): Promise<number> {
  const dir = await scratch(config, 'restore-etcd-')
  const dataDir = join(dir, 'data')
  let child: ChildProcess | undefined
  try {
    const release = releaseToRestore(config, await loadInfo(store, backup))
    const file = join(dir, 'snapshot.db')
    info(`Downloading backup "${backup}" to ${file}`)
    await downloadSnapshot(store, backup, file)
    info('restoring snapshot')
    await restoreSnapshot(release, file, dataDir, `https://${config.address}:${TEMP_PEER}`)
    info('starting etcd to read backup')
    child = await startReader(config, release, dir, dataDir)
    return await copyAll(config)
  } finally {
    if (child !== undefined) {
      info('stopping etcd that was reading backup')
      await killEtcd(child)
    }
    await rm(dir, { recursive: true, force: true })
  }
}

async function startReader(
  config: ManagerConfig,
  release: EtcdRelease,
  dir: string,
  dataDir: string,
): Promise<ChildProcess> {
  const pkiDir = join(dir, 'pki')
  await layPki(config.pkiDir, pkiDir)
  const peerUrl = `https://${config.address}:${TEMP_PEER}`
  return startEtcd({
    release,
    name: 'restore',
    dataDir,
    clientUrl: `https://${config.address}:${TEMP_CLIENT}`,
    peerUrl,
    initialCluster: [`restore=${peerUrl}`],
    token: 'data',
    clusterState: 'new',
    pkiDir,
    forceNewCluster: true,
  })
}

async function copyAll(config: ManagerConfig): Promise<number> {
  const [source, target] = [gatewayTo(config, TEMP_CLIENT), gatewayTo(config, config.ports.quarantine)]
  try {
    await ready(source, 'etcd to start')
    await ready(target, 'the new cluster')
    info('copying etcd keys from backup-restore process to new cluster')
    const copied = await copyKeys(source, target, config.copyAtOnce)
    info(`restored ${copied} keys`)
    return copied
  } finally {
    source.close()
    target.close()
  }
}

/** Every key is put again, so leases are gone and versions are 1 (FACTS 4). One at a time in life. */
async function copyKeys(source: Gateway, target: Gateway, atOnce: number): Promise<number> {
  const pairs = allKeys(source)
  let copied = 0
  const copyNext = async () => {
    for (let next = await pairs.next(); !next.done; next = await pairs.next()) {
      await putKey(target, next.value.key, next.value.value)
      copied += 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, copyNext))
  return copied
}

async function ready(gateway: Gateway, what: string): Promise<void> {
  for (let i = 0; i < READY_TRIES; i++) {
    if (await isHealthy(gateway)) return
    info(`Waiting for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  throw new Error(`error copying keys: timed out waiting for ${what}`)
}
