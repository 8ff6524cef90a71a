import { type Ahead, deflateAhead } from '../../gzip/index.ts'
import type { World } from '../../ports/world.ts'

/** A part file holds so many bytes now, of so many. */
type OnStored = (part: string, stored: number, bytes: number) => void

const working = new WeakMap<World, Ahead>()

/**
 * Compresses the database while it is still being fetched and checked, when the network and etcd leave the processor
 * idle; `gzip-snapshot` takes over the blocks that the replay of the WAL left as they were. Where there is not plenty of
 * room, and in a resumed run that had fetched it before, there is none, and all is compressed in that step.
 */
export async function prepareAhead(world: World, copyBytes: number): Promise<OnStored> {
  await dropAhead(world)
  // the copy, the one that etcd replays the WAL on, and this one
  const hasRoom = await world.scratch.needRoom(3 * copyBytes).then(
    () => true,
    () => false,
  )
  if (!hasRoom) return () => {}
  const store = await world.scratch.file('ahead.deflated')
  let begun: { ahead: Ahead | undefined } | undefined
  return (part, stored, bytes) => {
    begun ??= { ahead: begin(world, part, store) }
    begun.ahead?.reached(stored, stored === bytes)
  }
}

/** What keeps it from beginning must not keep the database from being fetched. */
function begin(world: World, part: string, store: string): Ahead | undefined {
  try {
    const ahead = deflateAhead(part, store)
    working.set(world, ahead)
    return ahead
  } catch {
    return undefined
  }
}

/**
 * The replayed database is final: what was compressed of the fetched one is held against it while it is hashed, on the
 * other core. Where that cannot begin, `gzip-snapshot` tries again, and tells why.
 */
export function followAhead(world: World, path: string): void {
  working
    .get(world)
    ?.follow(path)
    .catch(() => {})
}

/** What was compressed so far, if anything, and goes on with it; whoever takes it closes it. */
export function takeAhead(world: World): Ahead | undefined {
  const ahead = working.get(world)
  working.delete(world)
  return ahead
}

/** Ends it and removes what it made. Called at the end of a run, however it ends. */
export async function dropAhead(world: World): Promise<void> {
  await takeAhead(world)?.close()
}
