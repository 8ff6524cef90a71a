import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'
import { runSurely } from './sure.ts'

const SHORT = 44

/** Part file, fsync, rename: a crash leaves the old file or the new one. */
const WRITE =
  'umask 077; p="$1.part"; cat >"$p" && [ "$(stat -c %s -- "$p")" = "$2" ] || { rm -f -- "$p"; exit 44; }; ' +
  'sync -- "$p" 2>/dev/null || sync; mv -T -- "$p" "$1" && { sync -- "$(dirname -- "$1")" 2>/dev/null || sync; }'

/** Writes a small file on the node, whole or not at all, 0600. What was there is replaced. */
export async function writeFileOn(host: RemoteHost, path: string, content: Buffer): Promise<void> {
  mustBeAbsolute(host, path)
  const argv = ['sh', '-c', WRITE, 'sh', path, String(content.length)] as const
  const { code } = await runSurely(host, { effect: 'change', argv, stdin: content, okCodes: [0, SHORT] })
  if (code === 0) return
  throw new RescueError('DISK_FULL', `node ${host.name}: ${path} could not be written whole`, {
    hint: `make room on node ${host.name} and resume the run`,
  })
}
