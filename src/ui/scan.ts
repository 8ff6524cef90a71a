import { shellWord } from '../shell/quote.ts'
import { copyCells, copyColumns } from '../words/copy-cells.ts'
import { count } from '../words/numbers.ts'
import type { InspectValue } from './inspect.ts'
import { tableLines } from './table.ts'

/** What `scan --json` prints. */
export interface ScanValue {
  copies: ScanCopy[]
  /** Backups that were not looked into, oldest first. */
  others: { backup: string; store: string; createdAt: string; gzBytes?: number; problem?: string }[]
  /** What could not be searched: copies may lie there, and newer ones. Empty: all was. */
  unsearched: NotSearched[]
  /** What is worth knowing of the search. */
  notes: string[]
}

interface NotSearched {
  node?: string | undefined
  store?: string | undefined
  path?: string | undefined
  why: string
}

export interface ScanCopy extends InspectValue {
  /** 1 is best, among the copies of its etcd cluster. */
  rank: number
  why: string
  place: 'data' | 'trashcan' | 'backup'
  /** An etcd really runs on it. */
  serving: boolean
  /** The node's own `state` names it, whether anything runs or not. */
  named?: boolean
  /** Why it could not be told whether an etcd runs on it: it may. */
  servingUnseen?: string
  /** A backup's name. */
  backup?: string
  /** When the directory was trashed, or the backup made. Nothing is ranked by it. */
  at?: string
  /** Records of different keys in the database, an estimate: those of deleted keys are among them. */
  records?: number
  /** Keys at its revision, an estimate. */
  keysKept?: number
}

const columns = ['rank', ...copyColumns]

/** For people: one table for each etcd cluster, best first. */
export function scanLines({ copies, others, unsearched, notes }: ScanValue, width?: number): string[] {
  const clusters = [...new Set(copies.map(({ etcdCluster }) => etcdCluster))]
  const tables = clusters.flatMap((name) => {
    const own = copies.filter(({ etcdCluster }) => etcdCluster === name)
    return [`etcd ${name}`, ...tableLines(columns, rowsOf(own), width), '']
  })
  return [
    ...tables,
    ...othersLines(others),
    ...unsearchedLines(unsearched, width),
    ...notes.map((note) => `note: ${note}`),
    ...nextLines(copies),
  ]
}

function rowsOf(copies: readonly ScanCopy[]): string[][] {
  const cells = copyCells(copies.map(told))
  return copies.map(({ rank }, index) => [String(rank), ...(cells[index] ?? [])])
}

const told = ({ source, backup, serving, keysKept, records, ...copy }: ScanCopy) => ({
  ...copy,
  ...{ id: backup ?? source, isUsed: serving, serving, keys: keysKept ?? records },
})

function othersLines(others: ScanValue['others']): string[] {
  if (others.length === 0) return []
  const more = others.length === 1 ? '1 more backup was' : `${count(others.length)} more backups were`
  return [`${more} not looked into; --backups all looks into every one`, '']
}

/** A state of its own, and no remark: what is shown above is true, and may not be all. */
function unsearchedLines(unsearched: ScanValue['unsearched'], width?: number): string[] {
  if (unsearched.length === 0) return []
  const rows = unsearched.map(({ node, store, path, why }) => [node ?? 'store', path ?? store ?? 'all of it', why])
  return ['NOT SEARCHED: newer copies may lie there', ...tableLines(['where', 'what', 'why'], rows, width), '']
}

function nextLines(copies: readonly ScanCopy[]): string[] {
  const best = copies.find(({ rank, serving }) => rank === 1 && !serving)
  if (!best) return []
  return [
    `Next: etcd-rescue inspect ${shellWord(best.source)}`,
    'To recover from the best copy: etcd-rescue recover --dry-run',
  ]
}
