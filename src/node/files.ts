import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost, RemoteStream } from '../ports/remote-host.ts'
import { splitNul, unexpected } from './answers.ts'
import { byPath, type DataFile, find, mustBeAbsolute, mustBeBelow } from './find.ts'

/** Exit codes of our own script in `readFile`. */
const MISSING = 44
const NO_FILE = 45
/**
 * Only the system's own word makes a file missing: what may not be looked at, leads in a circle or lies on a disk with
 * errors fails every test for being there too.
 */
export const GONE =
  'gone() { case $(LC_ALL=C stat -L -- "$1" 2>&1 >/dev/null) in *": No such file or directory"|*": Not a directory") ' +
  '[ ! -L "$1" ];; *) return 1;; esac; }; '
const READ =
  `${GONE}n=$1; shift; while [ $# -gt 0 ] && gone "$1"; do shift; done; [ $# -gt 0 ] || exit 44; ` +
  '[ -e "$1" ] || exec cat -- "$1"; [ -f "$1" ] || exit 45; ' +
  'head -c "$n" -- "$1" >/dev/null || exit 1; printf "%s " "$#"; head -c "$n" -- "$1" | base64 -w 0'

export interface SmallFile {
  path: string
  content: Buffer
}

/** A small file, whole, byte for byte. Undefined when it is not there; what cannot be looked at, and more than `maxBytes`, is `HOST_*`. */
export async function readFile(host: RemoteHost, path: string, maxBytes: number): Promise<Buffer | undefined> {
  return (await readFirst(host, [path], maxBytes))?.content
}

/** The first of these files that is there, in one call; else as `readFile`. */
export async function readFirst(
  host: RemoteHost,
  paths: readonly string[],
  maxBytes: number,
): Promise<SmallFile | undefined> {
  for (const path of paths) mustBeAbsolute(host, path)
  const { code, stdout } = await host.run({
    effect: 'read',
    argv: ['sh', '-c', READ, 'sh', String(maxBytes + 1), ...paths],
    okCodes: [0, MISSING, NO_FILE],
    maxOutputBytes: 2 * maxBytes + 1024,
  })
  if (code === MISSING) return undefined
  if (code === NO_FILE) throw unexpected(host, `${paths.join(' or ')} is not a regular file`)
  const [at, text] = stdout.split(' ')
  const path = paths[paths.length - Number(at)]
  if (path === undefined) throw unexpected(host, `${paths.join(' or ')} was read, and something else came back`)
  const content = Buffer.from(text ?? '', 'base64')
  if (content.length > maxBytes) throw unexpected(host, `${path} is larger than ${maxBytes} bytes`)
  return { path, content }
}

/**
 * Names that begin with a dot are not matched by `*`. What is larger, is no file, leads nowhere or goes away meanwhile is
 * passed over; what cannot be looked at is not.
 */
const READ_ALL =
  `${GONE}n=$1; shift; for d do gone "$d" && continue; ls -f -- "$d/." >/dev/null || exit; [ -x "$d" ] || exec ls -- "$d/."; ` +
  'for f in "$d"/*; do if ! [ -e "$f" ]; then case $(LC_ALL=C stat -L -- "$f" 2>&1 >/dev/null) in ' +
  '""|*": No such file or directory") continue;; *) exec cat -- "$f";; esac; fi; ' +
  '[ -f "$f" ] && [ "$(stat -L -c %s -- "$f" || echo 0)" -le "$n" ] || continue; ' +
  'printf "%s\\0" "$f"; base64 -w 0 -- "$f" || [ ! -e "$f" ] || exit 1; printf "\\0"; done; done'
const MAX_ALL_BYTES = 16 << 20

/** The small files right in these directories, which may be missing; larger and hidden ones are passed over. One call. */
export async function readFilesIn(host: RemoteHost, dirs: readonly string[], maxBytes: number): Promise<SmallFile[]> {
  for (const dir of dirs) mustBeAbsolute(host, dir)
  const { stdout } = await host.run({
    effect: 'read',
    argv: ['sh', '-c', READ_ALL, 'sh', String(maxBytes), ...dirs],
    maxOutputBytes: MAX_ALL_BYTES,
  })
  const parts = splitNul(stdout)
  const files = parts.filter((_, index) => index % 2 === 0).map((path, index) => ({ path, at: 2 * index + 1 }))
  return files.map(({ path, at }) => {
    mustBeBelow(host, dirs, path)
    return { path, content: Buffer.from(parts[at] ?? '', 'base64') }
  })
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
