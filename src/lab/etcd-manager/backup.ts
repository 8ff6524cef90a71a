import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { ObjectStore } from '../../ports/object-store.ts'
import { privateDir } from '../files.ts'
import type { ManagerConfig } from './config.ts'
import { type ClusterSpec, optional } from './control-store.ts'
import { messageOf } from './log.ts'
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
  const failed = (why: string) => new Error(`error reading backup info in "${name}": ${why}`)
  const file = `"${store.url}/${name}/${META}"`
  const body = await optional(store, `${name}/${META}`)
  if (body === undefined) throw failed(`error reading file ${file}: file does not exist`)
  const meta = parsed(body, (why) => failed(`error parsing file ${file}: ${why}`))
  if (typeof meta.etcdVersion !== 'string' || meta.etcdVersion === '') {
    throw new Error(`etcd version not found in "${name}"`)
  }
  return meta.etcdVersion
}

function parsed(body: Buffer, failed: (why: string) => Error): Record<string, unknown> {
  try {
    return parseStrict(body, ['etcdVersion', 'timestamp', 'clusterSpec'])
  } catch (error) {
    throw failed(messageOf(error))
  }
}

/** Downloads and expands; a cut, followed or foreign gzip fails here, after the live data was trashed. */
export async function downloadSnapshot(store: ObjectStore, name: string, file: string): Promise<void> {
  const packed = `${file}.gz`
  await pipeline(await store.stream(`${name}/${DATA}`), createWriteStream(packed, { mode: 0o600 }))
  const { size } = await stat(packed)
  const gunzip = createGunzip()
  try {
    await pipeline(createReadStream(packed), gunzip, createWriteStream(file, { mode: 0o600 }))
  } catch (error) {
    throw new Error(`error expanding snapshot: error expanding file: ${inGo(error)}`)
  }
  // Go reads to the end: what follows the last member must be another one
  if (gunzip.bytesWritten < size)
    throw new Error('error expanding snapshot: error expanding file: gzip: invalid header')
}

/** The same in the words of Go's reader. */
function inGo(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return 'unexpected EOF'
  const said = messageOf(error)
  return code === 'Z_DATA_ERROR' ? `gzip: invalid ${said.includes('data check') ? 'checksum' : 'header'}` : said
}
