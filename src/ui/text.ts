import { bytes, count, many } from '../words/numbers.ts'

/**
 * Text from nodes and buckets goes to terminals and logs: escape sequences, control characters and characters that
 * change the direction of writing are taken out, so that a log line cannot paint over ours.
 */
export function clean(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replace(/\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g, '')
      .replace(/\t/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
  )
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 01 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`
}

export type Unit = 'bytes' | 'keys' | 'items'

/** `1.34 GB`, `490,000 keys`, `3`. */
export function amount(value: number, unit: Unit): string {
  if (unit === 'bytes') return bytes(value)
  return unit === 'keys' ? many(value, 'key') : count(value)
}

/** Cut to a width with an ellipsis, never in the middle of a pair of code units. */
export function cut(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** `docs/x.md` and `it's` as a shell would take them; for commands that the operator is told to type. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}
