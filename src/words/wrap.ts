import fastStringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'

/** What is left of a row after this indent is too little to read in. */
const LEAST = 20

export const widthOf = (text: string): number => fastStringWidth(text)

/**
 * A line as rows of at most so many columns, broken between words, the rows after the first indented below what it says.
 * A word that is longer than a row stands alone: a path that was broken could not be copied. A command can be pasted.
 */
export function wrapLine(line: string, width: number | undefined): string[] {
  if (width === undefined || widthOf(line) <= width) return [line]
  const indent = /^ */.exec(line)?.[0] ?? ''
  const text = line.slice(indent.length)
  if (/^(etcd-rescue|rm -r|\.) /.test(text)) return wrapCommand(text, indent, width)
  return hanging(text, indent, labelOf(text, width - indent.length), width)
}

/** `touches: ` and `or seed-in-place  ` are labels: what they say goes on below itself. */
function labelOf(text: string, width: number): string {
  const [label = ''] = /^\S+:\s+|^\S+(?: \S+)?\s{2,}/.exec(text) ?? []
  return widthOf(label) <= width / 2 && width - widthOf(label) >= LEAST ? label : ''
}

function hanging(text: string, indent: string, hang: string, width: number): string[] {
  const below = ' '.repeat(hang === '' ? 2 : widthOf(hang))
  const rows = rowsOf(text.slice(hang.length), width - indent.length - below.length)
  return rows.map((row, at) => `${indent}${at === 0 ? hang : below}${row}`)
}

/** A question as rows, with room at its end for the answer. */
export function wrapQuestion(question: string, width: number, answer: number): string {
  // a word that stands for the answer
  const tail = 'x'.repeat(Math.max(1, answer))
  const text = rowsOf(`${question} ${tail}`, width).join('\n')
  return text.slice(0, -tail.length).trimEnd()
}

/** Rows of words; runs of blanks inside are kept, those at a break are not. */
export function rowsOf(text: string, width: number): string[] {
  return wrapAnsi(text, Math.max(1, width), { hard: false, trim: true })
    .split('\n')
    .map((row) => row.trimEnd())
}

/** Between the words of a shell, each row but the last ending in a backslash; a remark goes below it. */
function wrapCommand(text: string, indent: string, width: number): string[] {
  const [command = '', remark] = text.split(/\s{2,}# /, 2)
  const words = command.match(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g) ?? [command]
  const rows: string[] = []
  for (const word of words) {
    const last = rows.at(-1)
    const start = rows.length === 0 ? indent : `${indent}  `
    if (last !== undefined && widthOf(`${last} ${word} \\`) <= width) rows[rows.length - 1] = `${last} ${word}`
    else rows.push(`${start}${word}`)
  }
  const lines = rows.map((row, at) => (at === rows.length - 1 ? row : `${row} \\`))
  const told = remark === undefined ? [] : rowsOf(remark, width - indent.length - 4)
  return [...lines, ...told.map((row) => `${indent}  # ${row}`)]
}
