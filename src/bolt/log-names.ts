import type { PageSource } from './source.ts'
import { parseWalName } from './wal-head.ts'

export interface NamedSource {
  name: string
  source: PageSource
}

export interface WalFile extends NamedSource {
  sequence: number
  /** The index of its first entry, as its name says. */
  firstIndex: number
}

/** A raft snapshot: `<term>-<index>.snap`, both in hex. etcd takes the last by name that it can read. */
export interface SnapFile extends NamedSource {
  term: number
  index: number
}

/** The WAL files as etcd reads them, in the order of their names; what has another name is none to it. */
export function walFiles(files: readonly NamedSource[]): WalFile[] {
  const wal = files.flatMap((file) => {
    const parsed = parseWalName(file.name)
    return parsed ? [{ ...file, ...parsed }] : []
  })
  return wal.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Newest first. `*.snap.broken`, which etcd makes of one that it cannot read, is none. */
export function snapFiles(files: readonly NamedSource[]): SnapFile[] {
  const snaps = files.flatMap((file) => {
    const match = /^([0-9a-f]{16})-([0-9a-f]{16})\.snap$/.exec(file.name)
    return match
      ? [{ ...file, term: Number.parseInt(match[1] ?? '', 16), index: Number.parseInt(match[2] ?? '', 16) }]
      : []
  })
  return snaps.sort((a, b) => (a.name < b.name ? 1 : -1))
}

/** Is there the database that the leader sent with this raft snapshot? etcd puts it in the database's place. */
export function hasSentDb(files: readonly NamedSource[], index: number): boolean {
  const name = `${index.toString(16).padStart(16, '0')}.snap.db`
  return files.some((file) => file.name === name && file.source.size > 0)
}

/** What the names alone say is missing, twice there, or out of order; `undefined` when nothing is. */
export function gapInNames(wal: readonly WalFile[]): string | undefined {
  for (const [at, file] of wal.entries()) {
    const before = wal[at - 1]
    if (!before) continue
    if (file.sequence === before.sequence) return `WAL file number ${file.sequence} is there twice`
    if (file.sequence !== before.sequence + 1) return missing(before.sequence + 1, file.sequence - 1)
    if (file.firstIndex < before.firstIndex) return `WAL file ${file.name} begins before the one before it`
  }
  return undefined
}

function missing(from: number, to: number): string {
  return from === to ? `WAL file number ${from} is missing` : `WAL files number ${from} to ${to} are missing`
}
