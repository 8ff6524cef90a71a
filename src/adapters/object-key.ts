import { RescueError } from '../errors/rescue-error.ts'

/** S3's own limit, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024

/**
 * Refuses keys that mean different things in a bucket and in a file system: empty, absolute, with `.`, `..` or empty
 * segments, with NUL, or longer than 1024 bytes. `USAGE`, because keys come from names that the operator gave.
 */
export function checkKey(key: string): void {
  const segments = key.split('/')
  const bad = segments.some((s) => s === '' || s === '.' || s === '..') || key.includes('\0')
  if (!bad && Buffer.byteLength(key) <= MAX_KEY_BYTES) return
  throw new RescueError('USAGE', `not a name of an object in a store: ${JSON.stringify(key.slice(0, 200))}`, {
    hint: 'give a name without a leading or trailing "/" and without "." or ".." in it',
  })
}

/** The same for a prefix, which may be empty and may end with a slash. */
export function checkPrefix(prefix: string): void {
  const name = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  if (prefix !== '') checkKey(name)
}

/** Plain order by code unit, the same in every adapter. */
export function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

/** `a/b` and `a/c/d` below `a/` are the folder names of those that have a further slash: `c`. Sorted, each once. */
export function foldersBelow(keys: Iterable<string>, prefix: string): string[] {
  const start = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  const names = new Set<string>()
  for (const key of keys) {
    const slash = key.indexOf('/', start.length)
    if (key.startsWith(start) && slash > 0) names.add(key.slice(start.length, slash))
  }
  return [...names].sort()
}
