import type { World } from '../../ports/world.ts'
import type { Facts } from '../facts.ts'
import { findRelease, returnMember } from './members.ts'
import { type Trial, tryWays } from './mend/try-ways.ts'

export type Replay = Trial

export interface ReplayOptions {
  /** Default: yes. `false`: only ways that do not take the database as it is. */
  isDatabaseSound?: boolean
}

const running = new WeakMap<World, Promise<Replay>>()

/**
 * A member on a copy of the whole fetched directory, its WAL replayed; what was fetched stays as it was. `check-copy`
 * begins this while it reads the pages, since both take seconds at 1 GB and neither needs the other's answer;
 * `restore-locally` takes it over. One that failed is told to everyone who asks for it until it is forgotten.
 *
 * What it gives may be mended (`did`): it proves what the data is, and not that an etcd starts on the original directory.
 * Who puts that one back tries its very bytes: see `startsAsItIs`.
 */
export function replayWal(
  world: World,
  fetched: Facts['fetched'],
  minor: string,
  signal: AbortSignal,
  options: ReplayOptions = {},
): Promise<Replay> {
  const known = running.get(world)
  if (known) return known
  const replay = begin(world, fetched, minor, signal, options)
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

async function begin(
  world: World,
  { dir: from, bytes }: Facts['fetched'],
  minor: string,
  signal: AbortSignal,
  { isDatabaseSound = true }: ReplayOptions,
): Promise<Replay> {
  const release = await findRelease(world, minor)
  await world.scratch.needRoom(bytes)
  const dataDir = await world.scratch.dir('wal')
  const isDurable = (await world.scratch.boot()) === undefined
  return tryWays({ world, release, from, dataDir, isDatabaseSound, isDurable, signal })
}
