import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { ObjectStore } from '../../ports/object-store.ts'
import { privateDir } from '../files.ts'
import type { ManagerConfig } from './config.ts'
import { type ClusterSpec, optional } from './control-store.ts'
import { parseStrict } from './strict-json.ts'
import { runTool } from './tool.ts'

const DATA = 'etcd.backup.gz'
const META = '_etcd_backup.meta'

let sequence = 0

/** `<RFC3339>-<6 digits>` (FACTS 3). */
function backupName(): string {
  sequence += 1
  return `${new Date().toISOString().slice(0, 19)}Z-${String(sequence).padStart(6, '0')}`
}

export interface BackupSource {
  endpoint: string
  etcdVersion: string
  etcdctl: string
  clusterSpec: ClusterSpec
}

/** Snapshot, gzip, data, and last the meta: a backup exists when its meta exists (FACTS 3). */
export async function takeBackup(config: ManagerConfig, store: ObjectStore, source: BackupSource): Promise<string> {
  const dir = await scratch(config, 'backup-')
  try {
    const file = join(dir, 'snapshot.db')
    await runTool([source.etcdctl, 'snapshot', 'save', file, ...clientFlags(config, source.endpoint)])
    const name = backupName()
    const gzip = createGzip()
    const sent = store.upload(`${name}/${DATA}`, gzip)
    await Promise.all([pipeline(createReadStream(file), gzip), sent])
    const timestamp = String(Math.floor(Date.now() / 1000))
    const meta = { etcdVersion: source.etcdVersion, timestamp, clusterSpec: source.clusterSpec }
    await store.write(`${name}/${META}`, Buffer.from(JSON.stringify(meta)))
    return name
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

export function clientFlags(config: ManagerConfig, endpoint: string): string[] {
  const pem = (name: string) => join(config.pkiDir, name)
  return [
    `--endpoints=${endpoint}`,
    `--cacert=${pem('clients-ca.crt')}`,
    `--cert=${pem('client.crt')}`,
    `--key=${pem('client.key')}`,
  ]
}

export async function scratch(config: ManagerConfig, prefix: string): Promise<string> {
  return mkdtemp(join(await privateDir(config.tmp), prefix))
}

/** The version that a backup says it has. One unknown field is fatal, an empty version too (FACTS 3, 4). */
export async function loadInfo(store: ObjectStore, name: string): Promise<string> {
  const body = await optional(store, `${name}/${META}`)
  if (body === undefined) throw new Error(`error reading backup info in "${name}": file does not exist`)
  const meta = parseStrict(body, ['etcdVersion', 'timestamp', 'clusterSpec'])
  if (typeof meta.etcdVersion !== 'string' || meta.etcdVersion === '') {
    throw new Error(`etcd version not found in "${name}"`)
  }
  return meta.etcdVersion
}

/** Downloads and expands; a cut or foreign gzip fails here, after the live data was trashed. */
export async function downloadSnapshot(store: ObjectStore, name: string, file: string): Promise<void> {
  await pipeline(await store.stream(`${name}/${DATA}`), createGunzip(), createWriteStream(file, { mode: 0o600 }))
}
