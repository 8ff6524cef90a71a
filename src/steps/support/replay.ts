import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalMember } from '../../ports/etcd.ts'
import type { World } from '../../ports/world.ts'
import type { Facts } from '../facts.ts'
import { commitWal } from './commit-wal.ts'
import { borrowMember, findRelease, returnMember } from './members.ts'
import { copyMember } from './working-copy.ts'

export interface Replay {
  member: LocalMember
  /** Entries at the end of the WAL that were not marked as committed, and are now. */
  marked: number
}

const running = new WeakMap<World, Promise<Replay>>()

/**
 * A member on a copy of the whole fetched directory, its WAL replayed; what was fetched stays as it was. `check-copy`
 * begins this while it reads the pages, since both take seconds at 1 GB and neither needs the other's answer;
 * `restore-locally` takes it over. One that failed is told to everyone who asks for it until it is forgotten.
 */
export function replayWal(
  world: World,
  fetched: Facts['fetched'],
  minor: string,
  signal: AbortSignal,
): Promise<Replay> {
  const known = running.get(world)
  if (known) return known
  const replay = begin(world, fetched, minor, signal)
  running.set(world, replay)
  replay.catch(() => {})
  return replay
}

/** The next one who asks begins anew; the member goes on. */
export function forgetReplay(world: World): void {
  running.delete(world)
}

/** Stops what `replayWal` has begun, if it has, and waits until it no longer touches its directory. */
export async function endReplay(world: World): Promise<void> {
  const replay = running.get(world)
  running.delete(world)
  await replay?.catch(() => {})
  await returnMember(world, world.scratch.peek('wal'))
}

async function begin(world: World, fetched: Facts['fetched'], minor: string, signal: AbortSignal): Promise<Replay> {
  const release = await findRelease(world, minor)
  await world.scratch.needRoom(fetched.bytes)
  const dataDir = await world.scratch.dir('wal')
  let marked = 0
  const prepare = async () => {
    await rm(join(dataDir, 'member'), { recursive: true, force: true })
    await copyMember(join(fetched.dir, 'member'), join(dataDir, 'member'), signal)
    marked = await commitWal(join(dataDir, 'member', 'wal'))
  }
  const isDurable = (await world.scratch.boot()) === undefined
  const member = await borrowMember(world, release, dataDir, signal, { prepare, isDurable })
  return { member, marked }
}
