import prettyBytes from 'pretty-bytes'
import type { Copy } from '../facts.ts'

export const copyColumns = ['copy', 'place', 'revision', 'records', 'size', 'wal', 'trashed', 'etcd', 'remarks']

/** One line of the table of copies, for people. */
export function copyRow(copy: Copy): string[] {
  return [
    copy.id,
    copy.serving ? 'running now' : copy.place,
    copy.revision === undefined ? '?' : String(copy.revision),
    copy.recordsKept === undefined ? '?' : `~${copy.recordsKept}`,
    prettyBytes(copy.sizeBytes, { binary: true }),
    prettyBytes(copy.walBytes, { binary: true }),
    copy.trashedAt === undefined ? '-' : new Date(copy.trashedAt).toISOString().slice(0, 16).replace('T', ' '),
    copy.etcdVersion ?? '?',
    copy.findings.join('; ') || '-',
  ]
}

/** The same lines with their columns aligned, for a list to choose from. */
export function copyLabels(copies: readonly Copy[]): string[] {
  const rows = copies.map(copyRow)
  const widths = copyColumns.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
