import prettyBytes from 'pretty-bytes'
import type { Copy } from '../facts.ts'
import { reasons } from './why.ts'

export const copyColumns = ['copy', 'place', 'revision', 'only in WAL', 'records', 'size', 'trashed', 'etcd', 'why']

/** The table of copies for people, in the order given. */
export function copyRows(copies: readonly Copy[]): string[][] {
  const why = reasons(copies)
  return copies.map((copy) => copyRow(copy, why.get(copy) ?? ''))
}

function copyRow(copy: Copy, why: string): string[] {
  return [
    copy.id,
    copy.serving ? 'running now' : copy.place,
    copy.revision === undefined ? '?' : String(copy.revision),
    writesText(copy),
    copy.recordsKept === undefined ? '?' : `~${copy.recordsKept}`,
    prettyBytes(copy.sizeBytes, { binary: true }),
    copy.trashedAt === undefined ? '-' : new Date(copy.trashedAt).toISOString().slice(0, 16).replace('T', ' '),
    copy.etcdVersion ?? '?',
    [why, ...copy.findings.filter((finding) => finding !== why)].join('; '),
  ]
}

function writesText({ walWrites, walWritesExact }: Copy): string {
  if (walWrites === undefined) return '?'
  return `${walWritesExact ? '' : '~'}${walWrites}`
}

/** The same lines with their columns aligned, for a list to choose from. */
export function copyLabels(copies: readonly Copy[]): string[] {
  const rows = copyRows(copies)
  const widths = copyColumns.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
