import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { lookFirst } from '../adapters/look-first-store.ts'
import { toTarget } from '../config/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { checkBackupName, DATA_FILE, encodeMeta, META_FILE } from '../etcd-manager/backups.ts'
import { gzipParallel } from '../gzip/index.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { PublishedBackup } from '../ui/backups.ts'
import { gated } from './gate.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'
import { readWithDigest, type SnapshotSource, snapshotSource } from './snapshot-source.ts'
import { openBackupStore } from './stores.ts'

export type { PublishedBackup } from '../ui/backups.ts'

interface PublishOptions {
  etcdCluster: string
  file: string
  name?: string | undefined
  etcdVersion: string
  memberCount?: number | undefined
}

/**
 * Publishes a snapshot or a plain database file as a backup: gzip first, meta last, so that a half-written one is none
 * (FACTS 3). The default name parses as no time, so etcd-manager's clean-up never takes it.
 */
export async function publishBackup(session: Session, options: PublishOptions): Promise<PublishedBackup> {
  if (!/^3\.\d+\.\d+$/.test(options.etcdVersion)) throw badVersion(options.etcdVersion)
  const config = await loadSettings(session)
  const target = toTarget(config, options.etcdCluster)
  const name = checkBackupName(
    options.name ?? `published-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`,
  )
  const source = await snapshotSource(resolve(session.sources.cwd, options.file))
  const store = await gated(session, await openBackupStore(target.backupStore, config, session.sources.env))
  if ((await store.list(`${name}/`, { limit: 10 })).length > 0) throw exists(name, store)
  const memberCount = options.memberCount ?? (target.nodes.controlPlane.length || 3)
  const value = {
    backup: name,
    store: store.url,
    bytes: source.bytes,
    sha256: source.sha256,
    digestAdded: source.digestAdded,
  }
  if (session.dryRun) return { ...value, gzBytes: 0, status: 'dry-run' }
  // looking first is the best that can be done there for a fresh name
  const fresh = (await store.hasConditions?.()) === false ? lookFirst(store) : store
  const gzBytes = await upload(fresh, name, source)
  const meta = encodeMeta({ etcdVersion: options.etcdVersion, memberCount, at: new Date() })
  await fresh.write(`${name}/${META_FILE}`, meta, { ifAbsent: true })
  return { ...value, gzBytes, status: 'published' }
}

/** The bytes that were sent are the bytes that were checked, or nothing stays in the store. */
async function upload(store: ObjectStore, name: string, source: SnapshotSource): Promise<number> {
  const key = `${name}/${DATA_FILE}`
  try {
    const { bytes } = await store.upload(key, Readable.from(readWithDigest(source)).pipe(gzipParallel()), {
      ifAbsent: true,
    })
    return bytes
  } catch (error) {
    await store.remove(key).catch(() => undefined)
    throw error
  }
}

function badVersion(version: string): RescueError {
  return new RescueError('USAGE', `--etcd-version ${JSON.stringify(version)} is no version of etcd 3`, {
    hint: 'give the one that wrote the file, as 3.5.30: a wrong one makes etcd-manager loop on the restore',
  })
}

function exists(name: string, store: ObjectStore): RescueError {
  return new RescueError('STORE_CONFLICT', `${store.url}/${name} exists already`, {
    hint: 'choose another name with --backup-name',
  })
}
