import { stat } from 'node:fs/promises'
import { toRescueError } from '../../errors/rescue-error.ts'
import type { EtcdMinor, EtcdRelease } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'
import { type Started, startCopy } from './start-copy.ts'

const open = new WeakMap<World, Map<string, Promise<Started>>>()

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
): Promise<Started> {
  const members = open.get(world) ?? new Map<string, Promise<Started>>()
  open.set(world, members)
  const known = members.get(dataDir)
  if (known) return known
  const starting = prepare().then(() =>
    startCopy(world, release, dataDir, { forceNewCluster: true, isDurable, signal, timeoutMs: 300_000 }),
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

/** Where the programs of a node are, after somebody agreed to run them: then whole, and not there before. */
export const nodePrograms = ({ scratch }: Pick<World, 'scratch'>, minor: string): string =>
  scratch.peek('etcd-of-nodes', minor)

/** Of this machine; else the node's that this run, also an earlier attempt of it, was allowed to take. */
export async function findRelease(world: Pick<World, 'etcd' | 'scratch'>, minor: string): Promise<EtcdRelease> {
  try {
    return await world.etcd.find(minor as EtcdMinor)
  } catch (error) {
    const dir = nodePrograms(world, minor)
    const isThere = await stat(dir).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!isThere || world.etcd.use === undefined || toRescueError(error).code !== 'ETCD_MISSING') throw error
    return world.etcd.use(minor as EtcdMinor, dir)
  }
}
