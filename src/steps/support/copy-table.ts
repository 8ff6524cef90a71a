import { copyCells, copyNames } from '../../words/copy-cells.ts'
import { count } from '../../words/numbers.ts'
import type { Copy } from '../facts.ts'
import { keysIn } from './clusters.ts'
import { type Running, runningCluster } from './running.ts'
import { reasons } from './why.ts'

/** The table of copies for people, in the order given. */
export function copyRows(copies: readonly Copy[], running: Running = runningCluster(copies)): string[][] {
  const why = reasons(copies, running)
  return copyCells(
    copies.map((copy) => ({
      ...copy,
      ...{ isUsed: running.uses(copy), keys: keysIn(copy), at: copy.trashedAt, why: why.get(copy) ?? '' },
    })),
  )
}

/** Short, and with their columns aligned, for a list to choose from: the table with all of it stands above. */
export function copyLabels(copies: readonly Copy[]): string[] {
  const names = copyNames(copies)
  const rows = copies.map((copy, index) => {
    const keys = keysIn(copy)
    return [
      names[index] ?? copy.id,
      copy.place,
      `revision ${copy.revision === undefined ? '?' : count(copy.revision)}`,
      keys === undefined ? '' : `~${count(keys)} keys`,
    ]
  })
  const width = (column: number) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  )
}
