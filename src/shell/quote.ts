/**
 * One shell line for an argument vector: each argument in single quotes, so that a POSIX shell passes it on byte for
 * byte. Nothing else in this tool makes shell lines. A NUL cannot be an argument and throws.
 */
export function shellQuote(argv: readonly string[]): string {
  return argv.map(quoteOne).join(' ')
}

/** A word of a command that a person is told to type: pasted into a shell it is `text`, whatever that holds. */
export const shellWord = (text: string): string => quoteOne(text.replaceAll('\0', '\u{FFFD}'))

function quoteOne(arg: string): string {
  if (arg.includes('\0')) throw new TypeError('an argument with a NUL byte cannot be passed to a command')
  if (/^[A-Za-z0-9_@%+:,./-]+$/.test(arg)) return arg
  return `'${arg.replaceAll("'", `'\\''`)}'`
}
