import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'
import { runSurely } from './sure.ts'

const SHORT = 44

/**
 * Part file, fsync, rename: a crash leaves the old file or the new one. What is to be kept is kept before. Each attempt has
 * a part of its own: one whose session broke may still be there, with half of what it was sent.
 */
const WRITE =
  'umask 077; p="$1.part.$$"; full() { rm -f -- "$p" "$3.part.$$"; exit 44; }; ' +
  'if [ "$3" ] && [ -e "$1" ] && ! [ -e "$3" ]; then cp -- "$1" "$3.part.$$" || full "$@"; ' +
  '{ sync -- "$3.part.$$" 2>/dev/null || sync; } && mv -T -n -- "$3.part.$$" "$3" && ! [ -e "$3.part.$$" ] || exit 1; fi; ' +
  'cat >"$p" && [ "$(stat -c %s -- "$p")" = "$2" ] || full "$@"; ' +
  'sync -- "$p" 2>/dev/null || sync; mv -T -- "$p" "$1" && { sync -- "$(dirname -- "$1")" 2>/dev/null || sync; }'

/**
 * Writes a small file on the node, whole or not at all, 0600. What was there is replaced; before that, it is copied to
 * `keep`, unless something is there already: of several writes, the first keeps the original.
 */
export async function writeFileOn(host: RemoteHost, path: string, content: Buffer, keep?: string): Promise<void> {
  for (const one of [path, ...(keep === undefined ? [] : [keep])]) mustBeAbsolute(host, one)
  const argv = ['sh', '-c', WRITE, 'sh', path, String(content.length), keep ?? ''] as const
  const { code } = await runSurely(host, { effect: 'change', argv, stdin: content, okCodes: [0, SHORT] })
  if (code === 0) return
  throw new RescueError('DISK_FULL', `node ${host.name}: ${path} could not be written whole`, {
    hint: `make room on node ${host.name} and resume the run`,
  })
}
