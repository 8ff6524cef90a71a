import type { EtcdMinor, EtcdRelease, LocalMember } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'

const open = new WeakMap<World, Map<string, Promise<LocalMember>>>()

interface Borrowing {
  /** Makes the directory; not called when the member is there. */
  prepare?: () => Promise<void>
  /** Default: yes. `false`: what it writes is not synced; see `mustBeOfThisBoot`. */
  isDurable?: boolean
}

/**
 * A local member on a data directory, started or, when an earlier step of this process left it running or is still
 * starting it, taken over: starting a member of 1 GB twice costs seconds in an incident. A resumed run finds none and
 * starts it.
 */
export function borrowMember(
  world: World,
  release: EtcdRelease,
  dataDir: string,
  signal: AbortSignal,
  { prepare = async () => {}, isDurable = true }: Borrowing = {},
): Promise<LocalMember> {
  const members = open.get(world) ?? new Map<string, Promise<LocalMember>>()
  open.set(world, members)
  const known = members.get(dataDir)
  if (known) return known
  const starting = prepare().then(() =>
    world.etcd.start(release, dataDir, { forceNewCluster: true, isDurable, signal, timeoutMs: 300_000 }),
  )
  members.set(dataDir, starting)
  // one that did not start is tried again by who wants it next
  starting.catch(() => members.get(dataDir) === starting && members.delete(dataDir))
  return starting
}

/** Stops the member on this directory, if it runs. */
export async function returnMember(world: World, dataDir: string): Promise<void> {
  const members = open.get(world)
  const member = await members?.get(dataDir)?.catch(() => undefined)
  members?.delete(dataDir)
  await member?.stop()
}

/** Stops all that are still running. Called at the end of a run, however it ends; one that fails keeps no other up. */
export async function returnMembers(world: World): Promise<void> {
  const members = open.get(world)
  const all = [...(members?.values() ?? [])]
  members?.clear()
  await Promise.allSettled(all.map(async (member) => (await member).stop()))
}

export function findRelease(world: World, minor: string): Promise<EtcdRelease> {
  return world.etcd.find(minor as EtcdMinor)
}
