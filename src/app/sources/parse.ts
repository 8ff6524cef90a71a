import { fileURLToPath } from 'node:url'
import { RescueError } from '../../errors/rescue-error.ts'

/** Where a copy lies, as far as its name tells. */
export type SourceRef =
  | { at: 'here'; path: string }
  | { at: 'node'; node: string; path: string }
  | { at: 'token'; node: string; token: string }
  | { at: 'store'; store: string; key: string }

const MAX_LENGTH = 4096

/**
 * A SOURCE as operators type it: a path, `ssh://node/path`, `s3://bucket/…/<backup>`, `file:///…`, or `<node>:<token>`
 * as `scan` prints it, where the token may begin with a dash (FACTS 2). `USAGE` for what is none of these.
 */
export function parseSource(text: string): SourceRef {
  if (text === '' || text.length > MAX_LENGTH || text.includes('\0')) throw notASource(text)
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === 'ssh') return onNode(text, rest)
  if (scheme === 's3') return inStore(text)
  if (scheme === 'file') return { at: 'here', path: localPath(text) }
  if (scheme !== '') throw notASource(text)
  const [, node = '', token = ''] = /^([^/\s:]+):([^/\s:]+)$/.exec(text) ?? []
  return node === '' ? { at: 'here', path: text } : { at: 'token', node, token }
}

function onNode(text: string, rest: string): SourceRef {
  const slash = rest.indexOf('/')
  if (slash <= 0) throw notASource(text)
  return { at: 'node', node: rest.slice(0, slash), path: rest.slice(slash) }
}

/** The last part of the URL is the backup, or an object in it. */
function inStore(text: string): SourceRef {
  const url = text.replace(/\/+$/, '')
  const slash = url.lastIndexOf('/')
  if (slash <= 's3://'.length) throw notASource(text)
  return { at: 'store', store: url.slice(0, slash), key: url.slice(slash + 1) }
}

function localPath(text: string): string {
  try {
    return fileURLToPath(text)
  } catch {
    throw notASource(text)
  }
}

function notASource(text: string): RescueError {
  return new RescueError('USAGE', `${JSON.stringify(text.slice(0, 200))} is no source`, {
    hint: 'a path, ssh://NODE/PATH, s3://BUCKET/…/BACKUP, or NODE:TOKEN as etcd-rescue scan prints it',
  })
}
