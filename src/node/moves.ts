import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'
import { mustBeAbsolute } from './find.ts'
import { MOUNT_OF, RENAME } from './mounts.ts'
import { runSurely } from './sure.ts'

/** One rename on a node, within one mount. Both paths are absolute. */
export interface Move {
  from: string
  to: string
}

/** Exit codes of our own script. */
const NEITHER = 44
const BOTH = 46
const DISKS = 47
const MOUNTED = 48

/**
 * Looks before it renames and after, so that it can be done twice: what was made before the last one that is made, is made
 * too, even where a later rename has filled its old place again. Only ever a rename: from one mount to another it is refused,
 * and so is what something is mounted on. A link is renamed as a link. Says the number of the one that failed.
 */
const MOVES =
  `${MOUNT_OF}${RENAME}` +
  'is() { [ -e "$1" ] || [ -L "$1" ]; }; mine() { [ -L "$1" ] || ! { [ -d "$1" ] || [ -f "$1" ]; }; }; ' +
  'made() { m=0; i=0; while [ $# -gt 0 ]; do i=$((i+1)); ' +
  'if ! is "$1" && is "$2"; then m=$i; fi; shift 2; done; }; bad() { echo "$i"; exit "$1"; }; ' +
  'made "$@"; i=0; while [ $# -gt 0 ]; do i=$((i+1)); if [ "$i" -gt "$m" ]; then d=$(dirname -- "$2"); f=$(dirname -- "$1"); ' +
  'is "$1" || bad 44; if is "$2"; then bad 46; fi; [ -d "$d" ] || mkdir -p -m 0700 -- "$d" || bad 1; ' +
  'same "$f" "$d" || bad 47; mine "$1" || same "$f" "$1" || bad 48; ren "$1" "$2" || bad $?; ' +
  'if is "$1"; then bad 46; fi; sync -- "$d" "$f" 2>/dev/null || sync; ' +
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
  const { code, stdout } = await runSurely(host, {
    effect: 'change',
    argv,
    okCodes: [0, NEITHER, BOTH, DISKS, MOUNTED],
  })
  if (code === 0) return
  const move = moves[Number(stdout.trim()) - 1] ?? moves[0]
  if (move === undefined) return
  const { from, to } = move
  if (code === NEITHER) throw failed(host, `neither ${from} nor ${to} is there`, move)
  if (code === BOTH) throw failed(host, `${to} exists already, and nothing is overwritten`, move)
  if (code === MOUNTED) throw failed(host, `a file system is mounted on ${from}`, move)
  throw failed(host, 'they are on different file systems, and nothing is copied and deleted', move)
}

export const reversed = (moves: readonly Move[]): Move[] =>
  [...moves].reverse().map(({ from, to }) => ({ from: to, to: from }))

function failed(host: RemoteHost, why: string, { from, to }: Move): RescueError {
  return new RescueError('STEP_FAILED', `node ${host.name}: cannot rename ${from} to ${to}: ${why}`, {
    hint: `look on node ${host.name}: sudo ls -la ${shellWord(from)} ${shellWord(to)}; then resume the run, or take it back: etcd-rescue runs undo`,
  })
}
