import { type Ahead, type DeflatingAhead, deflateAhead } from '../../gzip/index.ts'
import type { World } from '../../ports/world.ts'

/** A part file of so many bytes in the end holds the first of them. */
type OnStored = (part: string, stored: number, bytes: number) => void

const working = new WeakMap<World, Pick<DeflatingAhead, 'end'>>()

/**
 * Compresses the database while it is still being fetched and checked, when the network and etcd leave the processor
 * idle: `gzip-snapshot` takes over the blocks that the replay of the WAL left as they were. Where there is not plenty
 * of room, and in a resumed run that had fetched it before, there is none, and all is compressed in that step.
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
  let begun: { ahead: DeflatingAhead | undefined } | undefined
  return (part, stored, bytes) => {
    begun ??= { ahead: begin(world, part, store, bytes) }
    begun.ahead?.reached(stored)
  }
}

/** What keeps it from beginning must not keep the database from being fetched. */
function begin(world: World, part: string, store: string, bytes: number): DeflatingAhead | undefined {
  try {
    const ahead = deflateAhead(part, store, bytes)
    working.set(world, ahead)
    return ahead
  } catch {
    return undefined
  }
}

/**
 * The replayed database is final, and what was compressed of the fetched one can be held against it: this takes as long
 * as hashing it, on the other core.
 */
export function followAhead(world: World, path: string, bytes: number): void {
  const ahead = working.get(world)
  if (!ahead) return
  const following = ahead.end().then((done) => done.follow(path, bytes))
  following.catch(() => {})
  const end = () =>
    following.then(
      (next) => next.end(),
      // it could not begin: what was there before is as good as it was
      () => ahead.end(),
    )
  working.set(world, { end })
}

/** What was compressed so far, if anything; whoever takes it closes it. */
export async function takeAhead(world: World): Promise<Ahead | undefined> {
  const ahead = working.get(world)
  working.delete(world)
  return ahead?.end()
}

/** Ends it and removes what it made. Called at the end of a run, however it ends. */
export async function dropAhead(world: World): Promise<void> {
  await (await takeAhead(world))?.close()
}
