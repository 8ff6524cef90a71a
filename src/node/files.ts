import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost, RemoteStream } from '../ports/remote-host.ts'
import { unexpected } from './answers.ts'
import { byPath, type DataFile, find, mustBeAbsolute } from './find.ts'

/** Exit codes of our own script in `readFile`. */
const MISSING = 44
const NO_FILE = 45
const READ =
  '[ -e "$2" ] || exit 44; [ -f "$2" ] || exit 45; head -c "$1" -- "$2" >/dev/null || exit 1; head -c "$1" -- "$2" | base64 -w 0'

/** A small file, whole, byte for byte. Undefined when it is not there; more than `maxBytes` is `HOST_OUTPUT`. */
export async function readFile(host: RemoteHost, path: string, maxBytes: number): Promise<Buffer | undefined> {
  mustBeAbsolute(host, path)
  const { code, stdout } = await host.run({
    effect: 'read',
    argv: ['sh', '-c', READ, 'sh', String(maxBytes + 1), path],
    okCodes: [0, MISSING, NO_FILE],
    maxOutputBytes: 2 * maxBytes + 1024,
  })
  if (code === MISSING) return undefined
  if (code === NO_FILE) throw unexpected(host, `${path} is not a regular file`)
  const content = Buffer.from(stdout, 'base64')
  if (content.length > maxBytes) throw unexpected(host, `${path} is larger than ${maxBytes} bytes`)
  return content
}

/** The files below `<dir>/member`, with paths relative to `dir`, sorted. */
export async function statMember(host: RemoteHost, dir: string): Promise<DataFile[]> {
  const found = await find(host, [`${dir}/member`], ['-type', 'f'])
  if (found.length === 0) {
    throw new RescueError('COPY_NOT_FOUND', `node ${host.name}: there is nothing in ${dir}/member`, {
      hint: 'look again at what is there: etcd-rescue recover --dry-run',
    })
  }
  return found
    .map(({ path, bytes, modifiedAt }) => ({ path: path.slice(dir.length + 1), bytes, modifiedAt }))
    .sort(byPath)
}

/** Below the kernel's limit for arguments, whatever the paths' length. */
const PATHS_AT_ONCE = 100
/** A digest says nothing before it is done: this is for 10 GB on a slow disk. */
const DIGEST_TIMEOUT_MS = 15 * 60_000

/** openssl uses the processor's SHA instructions, which Debian's sha256sum does not: 4 to 6 times as fast. */
const DIGEST =
  'if openssl dgst -sha256 -r </dev/null >/dev/null 2>&1; then set -- "openssl dgst -sha256 -r" "$@"; ' +
  'else set -- sha256sum "$@"; fi; d=$1; shift; for f do $d <"$f" || exit; done'

/** SHA-256 of files on the node, made there: path to lower-case hex. */
export async function sha256On(host: RemoteHost, paths: readonly string[]): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  for (let at = 0; at < paths.length; at += PATHS_AT_ONCE) {
    const some = paths.slice(at, at + PATHS_AT_ONCE)
    for (const path of some) mustBeAbsolute(host, path)
    const { stdout } = await host.run({
      effect: 'read',
      argv: ['sh', '-c', DIGEST, 'sh', ...some],
      timeoutMs: DIGEST_TIMEOUT_MS,
    })
    // one line each, in the order of the paths, and without their names, which may be odd
    const lines = stdout.trimEnd().split('\n')
    if (lines.length !== some.length) throw unexpected(host, 'sha256sum answered something else than expected')
    for (const [index, path] of some.entries()) {
      const digest = /^([0-9a-f]{64}) [ *]/.exec(lines[index] ?? '')?.[1]
      if (!digest) throw unexpected(host, 'sha256sum answered something else than expected')
      digests.set(path, digest)
    }
  }
  return digests
}

/** A file's bytes from an offset on, to go on with a transfer that broke. Never retried here. */
export function streamFile(
  host: RemoteHost,
  path: string,
  options: { start?: number; signal?: AbortSignal } = {},
): Promise<RemoteStream> {
  mustBeAbsolute(host, path)
  const { start = 0, signal } = options
  return host.stream({
    effect: 'read',
    argv: start === 0 ? ['cat', '--', path] : ['tail', '-c', `+${start + 1}`, '--', path],
    ...(signal ? { signal } : {}),
  })
}
