import { toTarget } from '../config/index.ts'
import { RescueError } from '../errors/rescue-error.ts'
import { type Backup, DATA_FILE, listBackups, readBackup, withMetas } from '../etcd-manager/backups.ts'
import type { EtcdMinor } from '../ports/etcd.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { BackupListValue, VerifiedBackup } from '../ui/backups.ts'
import type { Session } from './session.ts'
import { loadSettings } from './settings.ts'
import { readRange } from './sources/read-range.ts'
import { openBackupStore } from './stores.ts'
import { withScratch } from './temporary.ts'

export type { BackupListValue, VerifiedBackup } from '../ui/backups.ts'

interface ListChoice {
  etcdCluster: string
  /** Read the meta of every backup, up to `MOST`: one request each. */
  etcdVersion?: boolean
}

/** So many of the newest are read in any case: their etcd versions, and what is wrong with them. */
const READ = 10
const MOST = 2000

/** Names, sizes and times come from the listing; of thousands of backups only what is looked at is read. */
export async function listStoreBackups(session: Session, choice: ListChoice): Promise<BackupListValue> {
  const config = await loadSettings(session)
  const store = await openBackupStore(toTarget(config, choice.etcdCluster).backupStore, config, session.sources.env)
  const listed = await listBackups(store)
  const at = Math.max(0, listed.length - (choice.etcdVersion ? MOST : READ))
  const read = await withMetas(store, listed.slice(at))
  const backups = [...listed.slice(0, at), ...read]
  return { store: store.url, backups: backups.map(toEntry), read: read.length }
}

function toEntry({ name, createdAt, gzBytes, meta, problem, hint }: Backup): BackupListValue['backups'][number] {
  return {
    name,
    createdAt: createdAt.toISOString(),
    ...(gzBytes === undefined ? {} : { gzBytes }),
    ...(meta === undefined ? {} : { etcdVersion: meta.etcdVersion }),
    ...(problem === undefined ? {} : { problem }),
    ...(hint === undefined ? {} : { hint }),
  }
}

/**
 * Downloads a backup, checks gzip, length and SHA-256, restores it with its own minor version of etcd and digests every
 * key: what etcd-manager does only after it has destroyed the running cluster (FACTS 4).
 */
export async function verifyBackup(
  session: Session,
  { etcdCluster, backup: name }: { etcdCluster: string; backup: string },
): Promise<VerifiedBackup> {
  const config = await loadSettings(session)
  const store = await openBackupStore(toTarget(config, etcdCluster).backupStore, config, session.sources.env)
  const backup = await readBackup(store, name)
  const { problem = 'it has no meta file', code, hint } = backup
  if (backup.meta === undefined && code !== undefined && hint !== undefined) {
    throw new RescueError(code, `the backup ${name} cannot be read: ${problem}`, { hint })
  }
  if (backup.meta === undefined) throw notRestorable(name, problem)
  const minor = minorOf(name, backup.meta.etcdVersion)
  return withScratch(session, config, async ({ scratch, signal }) => {
    const [{ downloadBackup }, { roomToTry }, { localEtcd }] = await Promise.all([
      import('../steps/support/backup.ts'),
      import('../steps/support/room.ts'),
      import('../adapters/etcd/local.ts'),
    ])
    const { etcdBinDir: binDir } = config.tools
    await scratch.needRoom(roomToTry(await unpackedBytes(store, backup, signal)))
    const etcd = localEtcd(binDir === undefined ? {} : { binDir })
    const release = await etcd.find(minor)
    const file = await scratch.file('backup.db')
    const { bytes } = await downloadBackup(store, name, file, { scratch, signal })
    const dataDir = scratch.peek('restored')
    await etcd.restore(release, file, dataDir, { signal })
    const member = await etcd.start(release, dataDir, { signal })
    try {
      const { digestClient } = await import('../digest/index.ts')
      const { revision } = await member.client.status()
      const { keys, digest } = await digestClient(member.client, { signal })
      return { backup: name, store: store.url, etcdVersion: release.version, bytes, revision, keys, digest }
    } finally {
      await member.stop()
    }
  })
}

/**
 * As a gzip tells it in its last four bytes (RFC 1952), which is a word of whoever made it, and modulo 4 GiB: enough to be
 * asked before the download, and no promise; what really comes is watched while it is unpacked.
 */
async function unpackedBytes(store: ObjectStore, { name, gzBytes = 0 }: Backup, signal: AbortSignal): Promise<number> {
  if (gzBytes < 4) return 0
  return (await readRange(store, `${name}/${DATA_FILE}`, gzBytes - 4, 4, signal)).readUInt32LE()
}

function minorOf(name: string, version: string): EtcdMinor {
  const [, minor] = /^v?(\d+\.\d+)\./.exec(version) ?? []
  if (minor !== undefined) return minor as EtcdMinor
  throw notRestorable(name, `its etcd version is ${JSON.stringify(version)}`)
}

function notRestorable(name: string, why: string): RescueError {
  return new RescueError('BACKUP_INVALID', `the backup ${name} cannot be restored: ${why}`, {
    hint: 'choose another: etcd-rescue backup list',
  })
}
