import { rowsOf, widthOf } from '../words/wrap.ts'
import { clean } from './text.ts'

const GAP = '  '
/** A last column that is narrower than this is a ladder of words. */
const LEAST = 28

/**
 * Columns aligned, two spaces between; numbers to the right. No line ends in spaces. On a terminal (`width`) no row goes over
 * its edge: the last column is wrapped by words, and where the others leave it no room each row becomes a few lines.
 */
export function tableLines(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? '')))
  const all = [columns, ...cells]
  const widths = columns.map((_, index) => Math.max(...all.map((row) => widthOf(row[index] ?? ''))))
  const room = width - widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, 0)
  const last = widths.at(-1) ?? 0
  if (last <= room || room >= LEAST) return aligned(columns, cells, [...widths.slice(0, -1), Math.min(last, room)])
  return cells.flatMap((row) => asLines(columns, row, width))
}

/** Names of copies and keys come from nodes: nothing in a cell may end its row or move the cursor. */
const oneLine = (cell: string) => clean(cell).replaceAll('\n', ' ')

function aligned(columns: readonly string[], cells: readonly string[][], widths: readonly number[]): string[] {
  const isNumeric = columns.map(
    (_, index) => cells.length > 0 && cells.every((row) => /^([~?-]|~?[\d,.]+( [kMGT]?B)?)?$/.test(row[index] ?? '')),
  )
  const pad = (cell: string, index: number) => {
    const blanks = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)))
    return isNumeric[index] ? `${blanks}${cell}` : `${cell}${blanks}`
  }
  return [columns, ...cells].flatMap((row) => {
    const rest = row.slice(0, -1).map(pad)
    const [first = '', ...more] = rowsOf(row.at(-1) ?? '', widths.at(-1) ?? 1)
    const start = rest.map((cell) => `${cell}${GAP}`).join('')
    const at = columns.length - 1
    return [`${start}${pad(first, at)}`, ...more.map((text) => `${' '.repeat(widthOf(start))}${text}`)].map((line) =>
      line.trimEnd(),
    )
  })
}

/** A row too wide for a table: what it is about, and the other cells by the names of their columns. */
function asLines(columns: readonly string[], row: readonly string[], width: number): string[] {
  const named = row.map((cell, index) => `${columns[index]}: ${cell}`)
  const isTold = (_: string, index: number) => index > 0 && row[index] !== ''
  const short = named.slice(0, -1).filter(isTold)
  const long = row.length > 1 && row.at(-1) !== '' ? [named.at(-1) ?? ''] : []
  // a name and its cell stay together
  const kept = short.map((pair) => pair.replaceAll(' ', '\u00a0')).join(', ')
  const lines = [kept, ...long].filter((text) => text !== '').flatMap((text) => rowsOf(text, width - 4))
  return [...rowsOf(row[0] ?? '', width), ...lines.map((line) => `    ${line.replaceAll('\u00a0', ' ')}`)]
}
