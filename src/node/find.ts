import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { splitNul, unexpected } from './answers.ts'

/** More entries than this is no etcd-manager volume. */
const MAX_ENTRIES = 100_000
const MAX_BYTES = 32 << 20

/** What `find` says of one file or directory. */
export interface Found {
  kind: 'file' | 'directory' | 'other'
  bytes: number
  /** Milliseconds since 1970, with fractions. */
  modifiedAt: number
  changedAt: number
  path: string
}

/**
 * `find` on the node over absolute starting points, which may be missing. Expressions are ours; patterns in them are
 * matched by find and never by a shell.
 */
export async function find(
  host: RemoteHost,
  starts: readonly string[],
  expression: readonly string[],
): Promise<Found[]> {
  for (const start of starts) mustBeAbsolute(host, start)
  const { code, stdout, stderr } = await host.run({
    effect: 'read',
    argv: ['env', 'LC_ALL=C', 'find', '-L', ...starts, ...expression, '-printf', '%y\\t%s\\t%T@\\t%C@\\t%p\\0'],
    okCodes: [0, 1],
    maxOutputBytes: MAX_BYTES,
    timeoutMs: 60_000,
  })
  // what goes away while find looks is no error; what may not be read is
  const other = stderr.split('\n').find((line) => line !== '' && !line.includes('No such file or directory'))
  if (code === 1 && other !== undefined) {
    throw new RescueError('HOST_COMMAND', `node ${host.name}: find failed: ${other.slice(0, 300)}`, {
      hint: 'look with the same rights: ssh.sudo must be true where the login is not root',
    })
  }
  const entries = splitNul(stdout)
  if (entries.length > MAX_ENTRIES) throw unexpected(host, `more than ${MAX_ENTRIES} files below ${starts.join(', ')}`)
  return entries.map((entry) => {
    const found = parseEntry(host, entry)
    mustBeBelow(host, starts, found.path)
    return found
  })
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
  const [type, bytes, modified, changed, ...path] = entry.split('\t')
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
