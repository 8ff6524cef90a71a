import type { ClusterSpec } from './cluster-spec.ts'
import { checkBackupName } from './names.ts'

/** What the real `etcd-manager-ctl` can be asked. It checks nothing and exits 0 for a backup that does not exist (FACTS 4). */
export type CtlRequest =
  | { command: 'get' | 'list-backups' | 'list-commands' }
  | { command: 'restore-backup'; backup: string }
  /** Deletes every command that restores this backup. */
  | { command: 'delete-command'; backup: string }
  | { command: 'configure-cluster'; spec: ClusterSpec }

/** The argument vector. The store is a URL as kOps writes it (`s3://…`, `file:///…`); S3 settings go by `S3_*` variables. */
export function ctlArgv(ctl: string, storeUrl: string, request: CtlRequest): [string, ...string[]] {
  const base: [string, ...string[]] = [ctl, `-backup-store=${storeUrl}`]
  if (request.command === 'configure-cluster') {
    const { memberCount, etcdVersion } = request.spec
    return [...base, `-member-count=${memberCount}`, `-etcd-version=${etcdVersion}`, request.command]
  }
  if (!('backup' in request)) return [...base, request.command]
  return [...base, request.command, checkBackupName(request.backup)]
}
