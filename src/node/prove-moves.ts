import { RescueError } from '../errors/rescue-error.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'
import { MOUNT_OF, RENAME } from './mounts.ts'
import { runSurely } from './sure.ts'

/** The name of what is made and removed again; one that a crash left is passed over everywhere. */
export const PROBE = '.etcd-rescue-probe'

const REFUSED = 44
const FULL = 45

/**
 * An empty directory of our own goes from each first directory to the second, and a file of 64 kB is written in the
 * base: what is refused here would be refused, with etcd stopped, to the directories that count.
 */
const PROVE =
  `${MOUNT_OF}${RENAME}` +
  'umask 077; n=$1; w="$2/$n"; shift 2; ' +
  'if ! { head -c 65536 /dev/zero >"$w" && sync -- "$w"; }; then rm -f -- "$w"; exit 45; fi; rm -f -- "$w" || exit 45; ' +
  'while [ $# -gt 0 ]; do a="$1/$n"; b="$2/$n"; rmdir -- "$a" "$b" 2>/dev/null; ' +
  'if ! { mkdir -- "$a" && same "$1" "$2" && { [ "$1" = "$2" ] || ren "$a" "$b"; }; }; then ' +
  'rmdir -- "$a" "$b" 2>/dev/null; printf "%s -> %s" "$1" "$2"; exit 44; fi; ' +
  '[ "$1" = "$2" ] || [ ! -e "$a" ] || exit 44; rmdir -- "$b" || exit 44; shift 2; done'

/** Makes sure that renames between these directories, which must exist, and writes in `base` will go through. */
export async function proveMoves(
  host: RemoteHost,
  base: string,
  pairs: readonly { from: string; to: string }[],
): Promise<void> {
  const paths = pairs.flatMap(({ from, to }) => [from, to])
  for (const path of [base, ...paths]) mustBeAbsolute(host, path)
  const { code, stdout, stderr } = await runSurely(host, {
    effect: 'change',
    argv: ['sh', '-c', PROVE, 'sh', PROBE, base, ...paths],
    okCodes: [0, REFUSED, FULL],
  })
  if (code === 0) return
  const said = stderr.trim().slice(-300)
  if (code === FULL)
    throw new RescueError('DISK_FULL', `node ${host.name}: nothing can be written in ${base}: ${said}`, {
      hint: `nothing was stopped; make room there, or mount it for writing, and resume the run`,
    })
  throw new RescueError('PRECONDITION', `node ${host.name}: no directory can be renamed (${stdout}): ${said}`, {
    hint: 'nothing was stopped; let etcd-manager restore it by itself: etcd-rescue recover --method rebuild-from-trashcan',
  })
}
