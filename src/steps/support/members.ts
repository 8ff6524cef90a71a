import type { EtcdMinor, EtcdRelease, LocalMember } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'

const open = new WeakMap<World, Map<string, LocalMember>>()

/**
 * A local member on a data directory, started or, when an earlier step of this process left it running, taken over:
 * starting a member of 1 GB twice costs seconds in an incident. A resumed run finds none and starts it.
 */
export async function borrowMember(
  world: World,
  release: EtcdRelease,
  dataDir: string,
  signal: AbortSignal,
): Promise<LocalMember> {
  const members = open.get(world) ?? new Map<string, LocalMember>()
  open.set(world, members)
  const running = members.get(dataDir)
  if (running) return running
  const member = await world.etcd.start(release, dataDir, { forceNewCluster: true, signal, timeoutMs: 300_000 })
  members.set(dataDir, member)
  return member
}

/** Stops the member on this directory, if it runs. */
export async function returnMember(world: World, dataDir: string): Promise<void> {
  const members = open.get(world)
  const member = members?.get(dataDir)
  members?.delete(dataDir)
  await member?.stop()
}

/** Stops all that are still running. Called at the end of a run, however it ends. */
export async function returnMembers(world: World): Promise<void> {
  for (const dataDir of open.get(world)?.keys() ?? []) await returnMember(world, dataDir)
}

export function findRelease(world: World, minor: string): Promise<EtcdRelease> {
  return world.etcd.find(minor as EtcdMinor)
}
