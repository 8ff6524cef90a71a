import { randomBytes } from 'node:crypto'

/**
 * What a command prints stands between two lines that only this call knows, the second with its exit code. Whatever else
 * comes through the same channel, a banner, a login shell's greeting or warning, a farewell, is none of it; and an answer
 * whose end is missing is no answer, however it ended. Used for every command on a node, whichever way it gets there.
 */
const FRAME = 'n=$1; shift; printf "\\n%s<\\n" "$n"; "$@"; c=$?; printf "\\n%s>%d\\n" "$n" "$c"; exit "$c"'

export const newFrame = (): string => randomBytes(16).toString('hex')

/** The same command in the frame of this name. */
export const inFrame = (name: string, argv: readonly [string, ...string[]]): [string, ...string[]] => [
  'sh',
  '-c',
  FRAME,
  'sh',
  name,
  ...argv,
]

/** Takes the frame away from bytes as they come. */
export interface Unframer {
  /** What of these bytes, and of those held back before, is the command's. */
  push(chunk: Buffer): Buffer
  /** The command's exit code; undefined while its end has not come. */
  code(): number | undefined
}

const NOTHING = Buffer.alloc(0)
/** Of the number behind the closing mark. */
const MOST_DIGITS = 4

export function createUnframer(name: string): Unframer {
  const [opening, closing] = [Buffer.from(`\n${name}<\n`), Buffer.from(`\n${name}>`)]
  let held: Buffer = NOTHING
  let at: 'before' | 'inside' | 'after' = 'before'
  let code: number | undefined

  /** All before the mark, or all that can't be its beginning; the rest is held. */
  const upTo = (mark: Buffer, next: typeof at): Buffer => {
    const found = held.indexOf(mark)
    const end = found < 0 ? Math.max(0, held.length - mark.length + 1) : found
    const before = held.subarray(0, end)
    held = held.subarray(found < 0 ? end : found + mark.length)
    if (found >= 0) at = next
    return before
  }
  const readCode = () => {
    held = held.subarray(0, MOST_DIGITS)
    const digits = /^(\d{1,3})\n/.exec(held.toString('latin1'))?.[1]
    if (code === undefined && digits !== undefined) code = Number(digits)
  }
  return {
    push: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      if (at === 'before') upTo(opening, 'inside')
      const inside = at === 'inside' ? upTo(closing, 'after') : NOTHING
      if (at === 'after') readCode()
      return inside
    },
    code: () => code,
  }
}
