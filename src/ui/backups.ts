import { amount, count, tableLines } from './text.ts'

/** What `backup list --json` prints. */
export interface BackupListValue {
  store: string
  backups: { name: string; createdAt: string; gzBytes?: number; etcdVersion?: string; problem?: string }[]
}

export function backupLines({ store, backups }: BackupListValue): string[] {
  if (backups.length === 0) return [`no backups in ${store}`]
  const rows = backups.map(({ name, createdAt, gzBytes, etcdVersion, problem }) => [
    name,
    createdAt.slice(0, 19).replace('T', ' '),
    gzBytes === undefined ? '' : amount(gzBytes, 'bytes'),
    etcdVersion ?? '',
    problem ?? '',
  ])
  return [store, '', ...tableLines(['name', 'made (UTC)', 'size', 'etcd', 'problem'], rows)]
}

/** What `backup verify --json` prints. */
export interface VerifiedBackup {
  backup: string
  store: string
  /** Of the etcd that it was restored with. */
  etcdVersion: string
  bytes: number
  revision: number
  keys: number
  /** Of all keys and values, independent of their order. */
  digest: string
}

export function verifiedLines({ backup, etcdVersion, bytes, revision, keys, digest }: VerifiedBackup): string[] {
  return [
    `${backup} restores with etcd ${etcdVersion}`,
    `  ${count(keys)} keys at revision ${count(revision)}, ${amount(bytes, 'bytes')}`,
    `  digest of all keys and values ${digest}`,
  ]
}

/** What `backup publish --json` prints. */
export interface PublishedBackup {
  backup: string
  store: string
  /** Of the database, with its digest, before gzip. */
  bytes: number
  gzBytes: number
  sha256: string
  /** The file carried no digest, and one was appended. */
  digestAdded: boolean
  status: 'published' | 'dry-run'
}

export function publishedLines(value: PublishedBackup): string[] {
  const { backup, store, bytes, gzBytes, digestAdded, status } = value
  const added = digestAdded ? ['  the file carried no digest; one was appended'] : []
  if (status === 'dry-run') return [`would publish ${store}/${backup}, ${amount(bytes, 'bytes')}`, ...added]
  const sizes = `${amount(bytes, 'bytes')}, ${amount(gzBytes, 'bytes')} as gzip`
  return [`published ${store}/${backup}, ${sizes}`, ...added, `Next: etcd-rescue backup verify ${backup}`]
}
