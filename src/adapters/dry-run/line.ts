/** An argument vector as a person would type it; long ones are cut. Never holds stdin. */
export function commandLine(argv: readonly string[]): string {
  const line = argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${clean(word).replaceAll("'", "'\\''")}'`))
    .join(' ')
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line
}

const MOST = 500

/** Names come from nodes and buckets too: no control characters may reach a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const clean = (word: string) => word.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?')
