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
 * Looks before it renames and after, so that it can be done twice: what was made before the last one that is made, is made
 * too, even where a later rename has filled its old place again. `mv` would copy from one disk to another, which is no
 * rename: refused. Says the number of the one that failed.
 */
const MOVES =
  'is() { [ -e "$1" ] || [ -L "$1" ]; }; made() { m=0; i=0; while [ $# -gt 0 ]; do i=$((i+1)); ' +
  'if ! is "$1" && is "$2"; then m=$i; fi; shift 2; done; }; bad() { echo "$i"; exit "$1"; }; ' +
  'made "$@"; i=0; while [ $# -gt 0 ]; do i=$((i+1)); if [ "$i" -gt "$m" ]; then d=$(dirname -- "$2"); ' +
  'is "$1" || bad 44; if is "$2"; then bad 46; fi; [ -d "$d" ] || mkdir -p -m 0700 -- "$d" || bad 1; ' +
  '[ "$(stat -c %d -- "$1")" = "$(stat -c %d -- "$d")" ] || bad 47; mv -T -n -- "$1" "$2" || bad 1; ' +
  'if is "$1"; then bad 46; fi; sync -- "$d" "$(dirname -- "$1")" 2>/dev/null || sync; ' +
  'else is "$2" || bad 44; fi; shift 2; done'

/** Makes a rename, or finds it made. `STEP_FAILED` when neither or both paths exist: nothing is ever overwritten. */
export function makeMove(host: RemoteHost, move: Move): Promise<void> {
  return makeMoves(host, [move])
}

/** The same for several in their order, in one call; one that fails keeps those after it from being made. */
export async function makeMoves(host: RemoteHost, moves: readonly Move[]): Promise<void> {
  if (moves.length === 0) return
  const paths = moves.flatMap(({ from, to }) => [from, to])
  for (const path of paths) mustBeAbsolute(host, path)
  const argv = ['sh', '-c', MOVES, 'sh', ...paths] as const
  const { code, stdout } = await runSurely(host, { effect: 'change', argv, okCodes: [0, NEITHER, BOTH, DISKS] })
  if (code === 0) return
  const move = moves[Number(stdout.trim()) - 1] ?? moves[0]
  if (move === undefined) return
  const { from, to } = move
  if (code === NEITHER) throw failed(host, `neither ${from} nor ${to} is there`, move)
  if (code === BOTH) throw failed(host, `${to} exists already, and nothing is overwritten`, move)
  throw failed(host, `${from} and ${to} are on different disks`, move)
}

export const reversed = (moves: readonly Move[]): Move[] =>
  [...moves].reverse().map(({ from, to }) => ({ from: to, to: from }))

function failed(host: RemoteHost, why: string, { from, to }: Move): RescueError {
  return new RescueError('STEP_FAILED', `node ${host.name}: cannot rename ${from} to ${to}: ${why}`, {
    hint: `look on node ${host.name}: sudo ls -la ${quoted(from)} ${quoted(to)}; then resume the run, or take it back: etcd-rescue runs undo`,
  })
}

const quoted = (path: string) => (/^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`)
