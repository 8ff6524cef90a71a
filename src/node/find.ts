import type { RemoteHost } from '../ports/remote-host.ts'
import { splitNul, unexpected } from './answers.ts'
import { readTroubles } from './find-errors.ts'
import { type Search, wholeOf } from './search.ts'

/** More entries than this is no etcd-manager volume. */
const MAX_ENTRIES = 100_000
const MAX_BYTES = 32 << 20

/** What `find` says of one file or directory, links followed: one that leads nowhere is `other`. */
export interface Found {
  kind: 'file' | 'directory' | 'other'
  bytes: number
  /** Milliseconds since 1970, with fractions. */
  modifiedAt: number
  changedAt: number
  /** Device and inode, `2049:131074`: the same file has the same, whatever it is called in a container. */
  inode: string
  path: string
}

/** What `find` found, where it could not look, and what was not there: starting points, and what went away meanwhile. */
export interface FindAnswer extends Search<Found> {
  gone: string[]
}

/** What find writes to its own stderr comes behind what it found, after an empty entry: sudo and shells write to stderr too. */
const FIND =
  'LC_ALL=C; export LC_ALL; { e=$(find -L "$@" 2>&1 1>&3 3>&-); c=$?; } 3>&1; printf "\\0%s\\0%s\\0" "$c" "$e"'
const COLUMNS = '%y\\t%s\\t%T@\\t%C@\\t%D:%i\\t%p\\0'
const TIMEOUT_MS = 60_000

/**
 * `find` on the node over absolute starting points, which may be missing. Expressions are ours; patterns in them are
 * matched by find and never by a shell. What it could not look into is in the answer; nothing at all is an error only
 * where the node gave no answer.
 */
export async function search(
  host: RemoteHost,
  starts: readonly string[],
  expression: readonly string[],
  timeoutMs = TIMEOUT_MS,
): Promise<FindAnswer> {
  for (const start of starts) mustBeAbsolute(host, start)
  const { stdout } = await host.run({
    effect: 'read',
    argv: ['sh', '-c', FIND, 'sh', ...starts, ...expression, '-printf', COLUMNS],
    maxOutputBytes: MAX_BYTES,
    timeoutMs,
  })
  const parts = splitNul(stdout)
  const end = parts.indexOf('')
  const code = parts[end + 1] ?? ''
  if (end < 0 || !/^\d{1,3}$/.test(code)) throw unexpected(host, 'find answered something else than expected')
  const entries = parts.slice(0, end)
  if (entries.length > MAX_ENTRIES) throw unexpected(host, `more than ${MAX_ENTRIES} files below ${starts.join(', ')}`)
  const found = entries.map((entry) => parseEntry(host, entry))
  for (const { path } of found) mustBeBelow(host, starts, path)
  return { found, ...readTroubles(Number(code), parts.slice(end + 2).join('')) }
}

/** The same where everything must have been looked into: `HOST_COMMAND` names the first place that was not. */
export async function find(
  host: RemoteHost,
  starts: readonly string[],
  expression: readonly string[],
): Promise<Found[]> {
  return wholeOf(host, await search(host, starts, expression))
}

/** What a node calls a file becomes a path on this machine too: it may lead nowhere but below where find was sent. */
export function mustBeBelow(host: RemoteHost, starts: readonly string[], path: string): void {
  const start = starts.find((one) => path === one || path.startsWith(one.endsWith('/') ? one : `${one}/`))
  const rest = start === undefined ? [] : path.slice(start.length).split('/')
  if (start !== undefined && !rest.includes('..') && !rest.includes('.')) return
  throw unexpected(host, `it named ${JSON.stringify(path.slice(0, 200))}, which is not below ${starts.join(', ')}`)
}

/** A path that begins with `-` would be an option. */
export function mustBeAbsolute(host: RemoteHost, path: string): void {
  if (!path.startsWith('/')) throw unexpected(host, `${JSON.stringify(path)} is not an absolute path`)
}

function parseEntry(host: RemoteHost, entry: string): Found {
  const [type, bytes, modified, changed, inode = '', ...path] = entry.split('\t')
  const numbers = [bytes, modified, changed].map(Number)
  if (
    path.length === 0 ||
    numbers.some((number) => !Number.isFinite(number)) ||
    !Number.isSafeInteger(Number(bytes)) ||
    Number(bytes) < 0
  ) {
    throw unexpected(host, 'find answered something else than expected')
  }
  return {
    kind: type === 'f' ? 'file' : type === 'd' ? 'directory' : 'other',
    bytes: Number(bytes),
    modifiedAt: Number(modified) * 1000,
    changedAt: Number(changed) * 1000,
    inode,
    path: path.join('\t'),
  }
}

/** A file of a data directory; `path` is relative to it: `member/snap/db`. */
export interface DataFile {
  path: string
  bytes: number
  modifiedAt: number
}

export function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0
}
