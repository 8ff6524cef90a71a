import { RescueError } from '../../errors/rescue-error.ts'
import { mustHaveFlock } from '../../node/alone.ts'
import { OWN_DIR } from '../../node/copy-dir.ts'
import { freeBytes } from '../../node/disk.ts'
import { proveMoves } from '../../node/prove-moves.ts'
import type { Spot } from '../../node/spots.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { shellWord } from '../../shell/quote.ts'
import type { Facts, Seat } from '../facts.ts'
import { listVolume, type VolumeLook } from './list-volume.ts'
import { onSeats } from './on-seats.ts'
import { planMoves } from './plan-moves.ts'

type Placement = Pick<Facts['placement'], 'token' | 'seats'>

/** A `state`, the old one beside it, and the next piece of a log, which etcd allocates whole. */
const ROOM_BYTES = 64 << 20

/**
 * That every planned rename, and the new `state`, will go through on every node, as far as looking tells: one mount, no link
 * where data should be, nothing mounted, writable, some room, and flock. To be asked before anything stops: with etcd stopped
 * everywhere, half of the renames made and the others refused is the worst that this tool could do.
 */
export async function mustBeMovable(world: World, { token, seats }: Placement, runId: string): Promise<void> {
  await onSeats(world, seats, async (host, seat) => {
    await mustHaveFlock(host)
    const look = await listVolume(host, seat)
    const why = whyNot(seat, token, look, runId)
    if (why !== undefined) throw refused(host, seat, why)
    if ((await freeBytes(host, seat.base)) < ROOM_BYTES) throw noRoom(host, seat)
  })
}

/** The same by a rename of an empty directory of our own. It changes something, and nothing that anybody looks at. */
export async function proveMovable(world: World, { token, seats }: Placement, runId: string): Promise<void> {
  await onSeats(world, seats, async (host, seat) => {
    const look = await listVolume(host, seat)
    const dirs = planMoves(seat, token, look, runId).map(({ from, to }) => ({
      from: look.dirOf(from),
      to: look.dirOf(to),
    }))
    const different = new Map(dirs.map((pair) => [`${pair.from} ${pair.to}`, pair]))
    await proveMoves(host, seat.base, [...different.values()])
  })
}

/**
 * The same for a seed that is not made yet: it will be below the base, so that `data/` must be on one mount with it. To be
 * found out before the API servers are fenced.
 */
export async function mustTakeSeeds(world: World, places: readonly Pick<Seat, 'node' | 'base'>[]): Promise<void> {
  const seats = places.map(({ node, base }) => ({ node, base, name: node }))
  await mustBeMovable(world, { token: '', seats }, 'seed')
  await onSeats(world, seats, async (host, seat) => {
    const look = await listVolume(host, seat)
    const [seed, data] = [`${seat.base}/seed`, `${seat.base}/data/token`]
    if (look.mountIn(seed) === look.mountIn(data)) return
    throw refused(
      host,
      { ...seat, source: `${seat.base}/${OWN_DIR}/seed` },
      `${seat.base}/data is on another file system`,
    )
  })
}

/** Pure. */
function whyNot(seat: Seat, token: string, look: VolumeLook, runId: string): string | undefined {
  const { base, source } = seat
  const [data, trashcan, state] = ['data', 'data-trashcan', 'state'].map((name) => look.spot(`${base}/${name}`))
  const dirs = [look.spot(base), data, look.isApart ? undefined : trashcan].filter((spot) => spot !== undefined)
  const odd = dirs.find(({ kind, isDirectory, mount }) => kind !== 'missing' && !(isDirectory && mount))
  if (odd) return `${odd.path} is no directory, or it cannot be told on which file system it is`
  const closed = dirs.find(({ kind, isWritable }) => kind !== 'missing' && !isWritable)
  if (closed) return `${closed.path} cannot be written to: read-only, or immutable`
  const wrongState = state === undefined ? undefined : whyNotState(state, look.spot(base))
  if (wrongState !== undefined) return wrongState
  const wanted = source === undefined ? undefined : whyNotSource(look.spot(source))
  if (wanted !== undefined) return wanted
  for (const { from, to } of planMoves(seat, token, look, runId)) {
    const why = whyNotMove(look, from, to)
    if (why !== undefined) return why
  }
  return undefined
}

function whyNotState({ path, kind, mount }: Spot, base: Spot): string | undefined {
  if (kind === 'directory' || kind === 'other') return `${path} is no file`
  return kind === 'file' && mount !== base.mount ? `${path} is mounted there, and cannot be replaced` : undefined
}

function whyNotSource({ path, kind, linkBelow, isWritable }: Spot): string | undefined {
  if (kind === 'link')
    return `${path} is a symbolic link: a rename would move the link, and etcd write to where it leads`
  if (kind !== 'directory') return `${path} is not there, or is no directory`
  if (linkBelow !== undefined) return `${linkBelow} is a symbolic link: etcd would write to where it leads`
  return isWritable ? undefined : `${path} cannot be written to: read-only, or immutable`
}

function whyNotMove(look: VolumeLook, from: string, to: string): string | undefined {
  const [out, into] = [look.mountIn(from), look.mountIn(to)]
  const { kind, mount } = look.spot(from)
  if (kind !== 'link' && mount !== undefined && mount !== out) return `a file system is mounted on ${from}`
  if (out !== undefined && out === into) return undefined
  return `no rename leads from ${from} to ${to}: they are on different file systems, or bind mounts`
}

function refused(host: RemoteHost, { source, base }: Seat, why: string): RescueError {
  const isSeed = source?.includes(`/${OWN_DIR}/`) === true
  const next = isSeed
    ? 'let etcd-manager restore it by itself: etcd-rescue recover --method rebuild-from-trashcan'
    : `leave this node's directory out, if the others are a quorum: --set without=${shellWord(host.name)}; or seed: etcd-rescue recover --method seed-in-place`
  return new RescueError('PRECONDITION', `cannot be put in place: ${host.name}: ${why}`, {
    hint: `nothing was stopped; look on the node: sudo ls -la ${shellWord(base)}; ${next}`,
  })
}

function noRoom(host: RemoteHost, { base }: Seat): RescueError {
  return new RescueError('DISK_FULL', `${host.name}: ${base} has no room for a new state and for what etcd writes`, {
    hint: `nothing was stopped; make room on the volume (tokens in ${base}/data-trashcan that are of no use), then resume the run`,
  })
}
