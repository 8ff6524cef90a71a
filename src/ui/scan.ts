import type { InspectValue } from './inspect.ts'
import { amount, count, tableLines } from './text.ts'

/** What `scan --json` prints. */
export interface ScanValue {
  copies: ScanCopy[]
  /** Backups that were not looked into, oldest first. */
  others: { backup: string; store: string; createdAt: string; gzBytes?: number; problem?: string }[]
  /** What could not be searched. */
  notes: string[]
}

export interface ScanCopy extends InspectValue {
  /** 1 is best, among the copies of its etcd cluster. */
  rank: number
  why: string
  place: 'data' | 'trashcan' | 'backup'
  /** What etcd-manager runs now. */
  serving: boolean
  /** A backup's name. */
  backup?: string
  /** When the directory was trashed, or the backup made. Nothing is ranked by it. */
  at?: string
  /** Records of different keys in the database, an estimate. */
  records?: number
}

const columns = [
  'rank',
  'copy',
  'place',
  'revision',
  'only in WAL',
  'records',
  'size',
  'since (UTC)',
  'etcd',
  'read',
  'why',
]

/** For people: one table for each etcd cluster, best first. */
export function scanLines({ copies, others, notes }: ScanValue): string[] {
  const clusters = [...new Set(copies.map(({ etcdCluster }) => etcdCluster))]
  const tables = clusters.flatMap((name) => {
    const own = copies.filter(({ etcdCluster }) => etcdCluster === name)
    return [`etcd ${name}`, ...tableLines(columns, own.map(row)), '']
  })
  return [...tables, ...othersLines(others), ...notes.map((note) => `note: ${note}`), ...nextLines(copies)]
}

function row(copy: ScanCopy): string[] {
  const { rank, source, backup, place, serving, revision, records, sizeBytes, at, etcdVersion, bytesRead } = copy
  return [
    String(rank),
    backup ?? source,
    serving ? 'running now' : place,
    revision === undefined ? '?' : count(revision),
    writesText(copy),
    records === undefined ? '?' : `~${count(records)}`,
    amount(sizeBytes, 'bytes'),
    at === undefined ? '' : at.slice(0, 16).replace('T', ' '),
    etcdVersion ?? '?',
    amount(bytesRead, 'bytes'),
    remarks(copy),
  ]
}

function writesText({ kind, walWrites, walWritesExact }: ScanCopy): string {
  if (walWrites === undefined) return kind === 'backup' ? '' : '?'
  return `${walWritesExact ? '' : '~'}${count(walWrites)}`
}

function remarks({ why, findings }: ScanCopy): string {
  return [why, ...findings.filter((finding) => finding !== why)].join('; ')
}

function othersLines(others: ScanValue['others']): string[] {
  if (others.length === 0) return []
  const more = others.length === 1 ? '1 more backup was' : `${count(others.length)} more backups were`
  return [`${more} not looked into; --backups all looks into every one`, '']
}

function nextLines(copies: readonly ScanCopy[]): string[] {
  const best = copies.find(({ rank, serving }) => rank === 1 && !serving)
  if (!best) return []
  return [`Next: etcd-rescue inspect ${best.source}`, 'To recover from the best copy: etcd-rescue recover --dry-run']
}
