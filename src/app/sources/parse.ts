import { isIPv6 } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isS3Like, wayOnFor } from '../../config/store-url.ts'
import { RescueError } from '../../errors/rescue-error.ts'

/** Where a copy lies, as far as its name tells. */
export type SourceRef =
  | { at: 'here'; path: string }
  | { at: 'node'; node: string; path: string; login?: Login }
  | { at: 'token'; node: string; token: string }
  | { at: 'store'; store: string; key: string }

/** What stands around a node in `ssh://USER@NODE:PORT`; how to log in is the configuration's. */
export interface Login {
  user?: string
  port?: number
}

const MAX_LENGTH = 4096
const SOURCES = 'a path, ssh://NODE/PATH, s3://BUCKET/…/BACKUP, or NODE:TOKEN as etcd-rescue scan prints it'

/**
 * A SOURCE as operators type it: a path, `ssh://node/path` (with a user, a port, or an IPv6 address in brackets),
 * `s3://bucket/…/<backup>` (or another store that is read as S3), `file:///…`, or `<node>:<token>` as `scan` prints it, where the token may begin with a dash (FACTS 2). `USAGE` for what is none of these.
 */
export function parseSource(text: string): SourceRef {
  if (text === '' || text.length > MAX_LENGTH || text.includes('\0')) throw notASource(text)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === 'ssh') return onNode(text, rest)
  if (isS3Like(text)) return inStore(text)
  if (scheme === 'file') return { at: 'here', path: localPath(text) }
  if (scheme !== '') throw notASource(text, wayOnFor(scheme))
  const [, node = '', token = ''] = /^([^/\s:]+):([^/\s:]+)$/.exec(text) ?? []
  return node === '' ? { at: 'here', path: text } : { at: 'token', node, token }
}

function onNode(text: string, rest: string): SourceRef {
  const [, user, address = '', name = '', digits, path = ''] =
    /^(?:([^@/\s]+)@)?(?:\[([^\]/]*)\]|([^:@/[\]\s]+))(?::(\d{1,5}))?(\/.*)$/s.exec(rest) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  const isNode = name !== '' || isIPv6(address)
  if (!isNode || port === 0 || (port ?? 22) > 65_535) throw notOnNode(text)
  const login = { ...(user === undefined ? {} : { user }), ...(port === undefined ? {} : { port }) }
  const given = Object.keys(login).length === 0 ? {} : { login }
  return { at: 'node', node: name || address, path, ...given }
}

/** The last part of the URL is the backup, or an object in it. */
function inStore(text: string): SourceRef {
  const url = text.replace(/\/+$/, '')
  const slash = url.lastIndexOf('/')
  if (slash <= url.indexOf('://') + '://'.length) throw notASource(text)
  return { at: 'store', store: url.slice(0, slash), key: url.slice(slash + 1) }
}

function localPath(text: string): string {
  try {
    return fileURLToPath(text)
  } catch {
    throw notASource(text)
  }
}

function notASource(text: string, hint = SOURCES): RescueError {
  return new RescueError('USAGE', `${JSON.stringify(text.slice(0, 200))} is no source`, { hint })
}

function notOnNode(text: string): RescueError {
  return new RescueError('USAGE', `${JSON.stringify(text.slice(0, 200))} names no path on a node`, {
    hint: 'write it as ssh://NODE/PATH, ssh://USER@NODE:PORT/PATH or ssh://[IPV6-ADDRESS]/PATH; the nodes are those of: etcd-rescue config show',
  })
}
