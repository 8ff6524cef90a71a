import type { RemoteHost } from '../ports/remote-host.ts'
import { GONE } from './files.ts'
import { mustBeAbsolute } from './find.ts'

/**
 * etcd holds a lock (flock) on its database for as long as it runs; one that cannot be had says that it still does. What
 * cannot be looked at is an error, of `ls`, `cat` or flock itself (1 is its word for a lock that another holds).
 */
const FREE =
  `${GONE}for d do gone "$d" && continue; ls -f -- "$d/." >/dev/null || exit; ` +
  'for f in "$d"/member/snap/db "$d"/*/member/snap/db; do gone "$f" && continue; [ -e "$f" ] || exec cat -- "$f"; ' +
  'flock -n -- "$f" true; c=$?; [ $c != 1 ] || { echo "$f"; exit 0; }; [ $c = 0 ] || exit $c; done; done'

/** The first database that an etcd still runs on, in these data directories or right below; undefined when none is in use. `HOST_COMMAND` where one cannot be looked at. */
export async function heldDatabase(host: RemoteHost, dirs: readonly string[]): Promise<string | undefined> {
  for (const dir of dirs) mustBeAbsolute(host, dir)
  const { stdout } = await host.run({ effect: 'read', argv: ['sh', '-c', FREE, 'sh', ...dirs] })
  return stdout.trim() || undefined
}
