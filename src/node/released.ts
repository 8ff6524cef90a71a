import type { RemoteHost } from '../ports/remote-host.ts'
import { mustBeAbsolute } from './find.ts'

/** etcd holds a lock (flock) on its database for as long as it runs; one that cannot be had says that it still does. */
const FREE =
  'for d do for f in "$d"/member/snap/db "$d"/*/member/snap/db; do ' +
  '[ -e "$f" ] || continue; flock -n -- "$f" true || { echo "$f"; exit 0; }; done; done'

/** The first database that an etcd still runs on, in these data directories or right below; undefined when none is in use. */
export async function heldDatabase(host: RemoteHost, dirs: readonly string[]): Promise<string | undefined> {
  for (const dir of dirs) mustBeAbsolute(host, dir)
  const { stdout } = await host.run({ effect: 'read', argv: ['sh', '-c', FREE, 'sh', ...dirs] })
  return stdout.trim() || undefined
}
