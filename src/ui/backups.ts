import { shellWord } from '../shell/quote.ts'
import { count, many } from '../words/numbers.ts'
import { tableLines } from './table.ts'
import { amount } from './text.ts'

/** What `backup list --json` prints. */
export interface BackupListValue {
  store: string
  backups: ListedEntry[]
  /** Of so many, the newest, the meta file was read; of the others `etcdVersion` is not known, nor every problem. */
  read: number
}

interface ListedEntry {
  name: string
  createdAt: string
  gzBytes?: number
  etcdVersion?: string
  /** Why it cannot be restored as it is, and what to do about it. */
  problem?: string
  hint?: string
}

/** So many different hints are shown; `--json` has all. */
const HINTS = 3

const saysArchived = (problem = '') => (problem.startsWith('archived') ? ' is archived' : '')

/** What to do about those that have a problem: each way once, with the newest backup that it is for. */
function hintLines(backups: readonly ListedEntry[]): string[] {
  const hinted = backups.filter(({ hint }) => hint !== undefined)
  const newest = new Map(hinted.map(({ hint = '', name, problem }) => [hint, `${name}${saysArchived(problem)}`]))
  const lines = [...newest]
    .reverse()
    .slice(0, HINTS)
    .map(([hint, which]) => `${which}: ${hint}`)
  const more = newest.size - lines.length
  if (lines.length === 0) return []
  return ['', ...lines, ...(more > 0 ? [`and ${count(more)} more: etcd-rescue backup list --json has every one`] : [])]
}

export function backupLines({ store, backups, read }: BackupListValue, width?: number): string[] {
  if (backups.length === 0) return [`no backups in ${store}`]
  const rows = backups.map(({ name, createdAt, gzBytes, etcdVersion, problem }, index) => [
    name,
    createdAt.slice(0, 19).replace('T', ' '),
    gzBytes === undefined ? '' : amount(gzBytes, 'bytes'),
    etcdVersion ?? (index < backups.length - read && problem === undefined ? '?' : ''),
    problem ?? '',
  ])
  return [
    store,
    '',
    ...tableLines(['name', 'made (UTC)', 'size', 'etcd', 'problem'], rows, width),
    ...unreadLines(backups.length - read, read),
    ...hintLines(backups),
  ]
}

function unreadLines(unread: number, read: number): string[] {
  if (unread <= 0) return []
  return [
    '',
    `only the newest ${count(read)} were read; the etcd version of more: etcd-rescue backup list --etcd-version`,
  ]
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
    `  ${many(keys, 'key')} at revision ${count(revision)}, ${amount(bytes, 'bytes')}`,
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
  return [`published ${store}/${backup}, ${sizes}`, ...added, `Next: etcd-rescue backup verify ${shellWord(backup)}`]
}
