import type { RemoteHost } from '../ports/remote-host.ts'

/** etcd holds a lock (flock) on its database for as long as it runs; one that cannot be had says that it still does. */
const FREE = 'for f do [ -e "$f" ] || continue; flock -n -- "$f" true || { echo "$f"; exit 0; }; done'

/** The first of these databases that an etcd still runs on; undefined when none is in use. */
export async function heldDatabase(host: RemoteHost, databases: readonly string[]): Promise<string | undefined> {
  if (databases.length === 0) return undefined
  const { stdout } = await host.run({ effect: 'read', argv: ['sh', '-c', FREE, 'sh', ...databases] })
  return stdout.trim() || undefined
}
