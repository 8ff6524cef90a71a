import { spawn } from 'node:child_process'
import { shellQuote } from '../../src/shell/quote.ts'
import { widthOf } from '../../src/words/wrap.ts'

/** What is typed once this text stands on the screen; each once, in this order. */
export type Dialogue = readonly (readonly [seen: string, typed: string])[]

export interface Session {
  code: number | null
  /** What stands on the screen at the end, from its first row. */
  rows: string[]
  /** Rows that went over the edge, so that the terminal had to break them. */
  broken: string[]
}

/** Runs a command in a pseudo-terminal of so many columns, script(1)'s, and types as a person would. */
export async function inTerminal(
  argv: readonly string[],
  { columns, dialogue, env }: { columns: number; dialogue: Dialogue; env: NodeJS.ProcessEnv },
): Promise<Session> {
  const command = `stty cols ${columns} rows 50; exec ${shellQuote(argv)}`
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...env, TERM: 'xterm', NO_COLOR: '1', CI: '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const screen = new Screen(columns)
  const left = [...dialogue]
  let seen = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    screen.write(text)
    seen = `${seen}${text}`.replace(/\s+/g, ' ')
    const [next] = left
    if (next === undefined || !seen.includes(next[0])) return
    left.shift()
    seen = ''
    child.stdin.write(next[1])
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, rows: screen.rows, broken: screen.broken }
}

/** As much of a terminal as our screens and questions use: rows, a cursor, and what erases. */
class Screen {
  readonly #columns: number
  #rows: string[][] = [[]]
  #wrapped = new Set<string[]>()
  #y = 0
  #x = 0

  constructor(columns: number) {
    this.#columns = columns
  }

  get rows(): string[] {
    return this.#rows.map((row) => row.join('').trimEnd())
  }

  get broken(): string[] {
    return [...this.#wrapped].filter((row) => this.#rows.includes(row)).map((row) => row.join(''))
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one, and are what is read here
    for (const part of text.match(/\u001b\[[0-9;?]*[A-Za-z]|\u001b.|[\s\S]/gu) ?? []) this.#one(part)
  }

  #one(part: string): void {
    if (part.startsWith('\u001b[')) this.#escape(Number.parseInt(part.slice(2), 10), part.at(-1) ?? '')
    else if (part === '\r') this.#x = 0
    else if (part === '\n') this.#to(this.#y + 1)
    else if (part === '\b') this.#x = Math.max(0, this.#x - 1)
    else if (part >= ' ') this.#put(part)
  }

  #put(character: string): void {
    if (this.#x >= this.#columns) {
      this.#wrapped.add(this.#row)
      this.#to(this.#y + 1)
      this.#x = 0
    }
    while (this.#row.length < this.#x) this.#row.push(' ')
    this.#row[this.#x] = character
    this.#x += widthOf(character)
  }

  #escape(number: number, letter: string): void {
    const count = Number.isNaN(number) ? 1 : number
    if (letter === 'A') this.#to(Math.max(0, this.#y - count))
    else if (letter === 'B') this.#to(this.#y + count)
    else if (letter === 'C') this.#x += count
    else if (letter === 'D') this.#x = Math.max(0, this.#x - count)
    else if (letter === 'G') this.#x = count - 1
    else if (letter === 'K') this.#erase(number)
    else if (letter === 'J') this.#below(number)
  }

  #erase(how: number): void {
    if (how === 2) this.#row.length = 0
    else if (how === 1) this.#row.fill(' ', 0, this.#x + 1)
    else this.#row.length = Math.min(this.#row.length, this.#x)
    this.#wrapped.delete(this.#row)
  }

  #below(how: number): void {
    if (how === 1 || how === 2) return
    this.#erase(0)
    this.#rows.length = this.#y + 1
  }

  get #row(): string[] {
    return this.#rows[this.#y] as string[]
  }

  #to(y: number): void {
    while (this.#rows.length <= y) this.#rows.push([])
    this.#y = y
  }
}
