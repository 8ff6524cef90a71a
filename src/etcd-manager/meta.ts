import { RescueError } from '../errors/rescue-error.ts'
import { type ClusterSpec, clusterSpecFields, wholeSpec } from './cluster-spec.ts'
import { type Fields, readProtojson } from './protojson.ts'

/** What `_etcd_backup.meta` says. Only `etcdVersion` is needed for a restore (FACTS 3). */
export interface BackupMeta {
  etcdVersion: string
  timestamp?: Date
  clusterSpec?: ClusterSpec
}

/** More than this is not a meta file. */
export const META_MAX_BYTES = 16 * 1024

const metaFields = {
  etcdVersion: 'string',
  timestamp: 'int64',
  clusterSpec: clusterSpecFields,
} as const satisfies Fields

/** The meta file of a new backup. Only fields that etcd-manager knows: one other is fatal to a restore (FACTS 3). */
export function encodeMeta(meta: { etcdVersion: string; memberCount: number; at: Date }): Buffer {
  const { etcdVersion, memberCount, at } = meta
  const timestamp = String(Math.floor(at.getTime() / 1000))
  return Buffer.from(JSON.stringify({ etcdVersion, timestamp, clusterSpec: { memberCount, etcdVersion } }))
}

/** As strict as etcd-manager itself. `BACKUP_INVALID` for what it would refuse, or loop on. */
export function parseMeta(content: Buffer): BackupMeta {
  try {
    const message = readProtojson(content.toString('utf8'), metaFields)
    if (!message.etcdVersion) throw new Error('etcdVersion is missing')
    const { etcdVersion, timestamp, clusterSpec } = message
    return {
      etcdVersion,
      ...(timestamp ? { timestamp: new Date(Number(timestamp) * 1000) } : {}),
      ...(clusterSpec ? { clusterSpec: wholeSpec(clusterSpec) } : {}),
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RescueError('BACKUP_INVALID', `a backup's meta file cannot be used: ${why}`, {
      hint: 'etcd-manager would loop on it; choose another backup: etcd-rescue backup list',
      cause: error,
    })
  }
}
