import type { Unlooked } from './search.ts'

/** What `find` said of the places where it got no further. */
export interface Troubles {
  /** Not there when it came: a starting point that is missing, or what went away while it looked. */
  gone: string[]
  unsearched: Unlooked[]
}

const OURS = /^(?:\S*\/)?(?:find|env|sh)(?:: \d+)?: /
const QUOTED = /['"`‘’](\/.*?)['"`‘’]/
/** Of busybox. */
const PLAIN = /^(?:\S*\/)?find: (\/.*): [^:]+$/
const ABSENT = /: (No such file or directory|Not a directory)$/
const MOST_WHY = 200

/**
 * Reads what `find` itself, in the C locale, wrote to its stderr, and nothing that anybody else did. An exit code that
 * no line of it explains makes the whole search one that was not made.
 */
export function readTroubles(code: number, stderr: string): Troubles {
  if (code === 0) return { gone: [], unsearched: [] }
  const lines = stderr.split('\n').filter((line) => OURS.test(line))
  if (lines.length === 0) return { gone: [], unsearched: [{ why: `find ended with exit code ${code}${said(stderr)}` }] }
  const troubles = lines.map((line) => ({ path: pathIn(line), isAbsent: ABSENT.test(line), why: whyIn(line) }))
  return {
    gone: troubles.flatMap(({ path, isAbsent }) => (isAbsent && path !== undefined ? [path] : [])),
    unsearched: troubles
      .filter(({ path, isAbsent }) => !isAbsent || path === undefined)
      .map(({ path, why }) => (path === undefined ? { why } : { path, why })),
  }
}

const pathIn = (line: string) => QUOTED.exec(line)?.[1] ?? PLAIN.exec(line)?.[1]

function whyIn(line: string): string {
  const text = line.replace(OURS, '')
  if (pathIn(line) === undefined || text.includes('loop detected')) return text.slice(0, MOST_WHY)
  return text.slice(text.lastIndexOf(': ') + 2).slice(0, MOST_WHY)
}

function said(stderr: string): string {
  const [first] = stderr.split('\n').filter((line) => line !== '')
  return first === undefined ? '' : `: ${first.slice(0, MOST_WHY)}`
}
