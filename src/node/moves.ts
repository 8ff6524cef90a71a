import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'
import { runSurely } from './sure.ts'

/** One rename on a node, within one file system. Both paths are absolute. */
export interface Move {
  from: string
  to: string
}

/** Exit codes of our own script. */
const NEITHER = 44
const BOTH = 46
const DISKS = 47

/**
 * Looks before it renames and after, so that it can be done twice: 0 when the rename was made, now or before. `mv` would
 * copy from one disk to another, which is no rename: refused.
 */
const MOVE =
  'is() { [ -e "$1" ] || [ -L "$1" ]; }; d=$(dirname -- "$2"); ' +
  'if is "$1"; then if is "$2"; then exit 46; fi; [ -d "$d" ] || mkdir -p -m 0700 -- "$d" || exit; ' +
  '[ "$(stat -c %d -- "$1")" = "$(stat -c %d -- "$d")" ] || exit 47; mv -T -n -- "$1" "$2" || exit; ' +
  'if is "$1"; then exit 46; fi; sync -- "$d" "$(dirname -- "$1")" 2>/dev/null || sync; ' +
  'elif is "$2"; then :; else exit 44; fi'

/** Makes a rename, or finds it made. `STEP_FAILED` when neither or both paths exist: nothing is ever overwritten. */
export async function makeMove(host: RemoteHost, { from, to }: Move): Promise<void> {
  mustBeAbsolute(host, from)
  mustBeAbsolute(host, to)
  const argv = ['sh', '-c', MOVE, 'sh', from, to] as const
  const { code } = await runSurely(host, { effect: 'change', argv, okCodes: [0, NEITHER, BOTH, DISKS] })
  if (code === NEITHER) throw failed(host, `neither ${from} nor ${to} is there`, { from, to })
  if (code === BOTH) throw failed(host, `${to} exists already, and nothing is overwritten`, { from, to })
  if (code === DISKS) throw failed(host, `${from} and ${to} are on different disks`, { from, to })
}

export const reversed = (moves: readonly Move[]): Move[] =>
  [...moves].reverse().map(({ from, to }) => ({ from: to, to: from }))

function failed(host: RemoteHost, why: string, { from, to }: Move): RescueError {
  return new RescueError('STEP_FAILED', `node ${host.name}: cannot rename ${from} to ${to}: ${why}`, {
    hint: `look on node ${host.name}: sudo ls -la ${quoted(from)} ${quoted(to)}; then resume the run, or take it back: etcd-rescue runs undo`,
  })
}

const quoted = (path: string) => (/^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)
