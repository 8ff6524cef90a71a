import { RescueError } from '../errors/rescue-error.ts'
import { type Move, makeMoves, reversed } from '../node/moves.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { shellWord } from '../shell/quote.ts'
import { type Context, defineStep } from './define.ts'
import type { Seat } from './facts.ts'
import { whileStopped } from './support/etcd-managers.ts'
import { listVolume, type VolumeLook } from './support/list-volume.ts'
import { onSeats } from './support/on-seats.ts'
import { planMoves, strayMoves } from './support/plan-moves.ts'

type Ctx = Context<'placement' | 'stopped'>

/**
 * Renames only, planned and journaled for each node before the first is made. Each looks before and after, so that after a
 * crash between any two of them the rest is made, or all are taken back: never a mixture.
 */
export const swapDirectories = defineStep<'placement' | 'stopped', 'swapped'>({
  id: 'swap-directories',
  title: 'put the directories where etcd-manager looks for them',
  effect: 'change',
  needs: ['placement', 'stopped'],
  gives: ['swapped'],
  describe: () => ({
    reads: ['data/ and data-trashcan/ on every seat'],
    changes: ['renames on every seat: what was served goes to data-trashcan/, the wanted directory to data/<token>'],
  }),
  act: async (context) => {
    const { world, needs, note } = context
    const { seats } = needs.placement
    // all are stopped, and all plans are made and written down, before the first rename anywhere
    const plans = await onSeats(world, seats, async (host, seat) => {
      const found = await whileStopped(context, host, seat, needs.stopped.at, () => look(context, host, seat))
      return { moves: await planned(context, seat, found), strays: straysOf(context, seat, found) }
    })
    await onSeats(world, seats, async (host, seat) => {
      const { strays = [], moves = [] } = plans[seats.indexOf(seat)] ?? {}
      await makeMoves(host, strays)
      await makeMoves(host, moves)
    })
    for (const [at, seat] of seats.entries()) {
      const { strays = [], moves = [] } = plans[at] ?? {}
      for (const { from, to } of [...strays, ...moves]) note(`${seat.node}: ${below(seat, from)} → ${below(seat, to)}`)
    }
    return { swapped: { nodes: seats.map(({ node }) => node), at: world.clock.now().getTime() } }
  },
  verify: async (context) => {
    await onSeats(context.world, context.needs.placement.seats, (host, seat) => mustBeInPlace(context, host, seat))
  },
  undo: async (context) => {
    const { world, needs, note } = context
    // a node that started again has brought its etcd-manager along: a directory in use is never moved
    const all = await onSeats(world, needs.placement.seats, async (host, seat) => {
      if (movesOf(context, seat).length === 0) return []
      const found = await whileStopped(context, host, seat, 0, () => look(context, host, seat))
      return straysOf(context, seat, found)
    })
    await onSeats(world, needs.placement.seats, async (host, seat) => {
      const strays = all[needs.placement.seats.indexOf(seat)] ?? []
      await makeMoves(host, strays)
      for (const { from, to } of strays) note(`${seat.node}: ${below(seat, from)} → ${below(seat, to)}`)
      await makeMoves(host, reversed(movesOf(context, seat)))
    })
  },
})

const below = ({ base }: Seat, path: string) => path.slice(base.length + 1)

/** Journaled before the first rename. */
const movesOf = ({ recall }: Ctx, { node }: Seat): Move[] => (recall(`moves:${node}`) as Move[] | undefined) ?? []
/** What the renames leave in `data/`, besides the wanted directory: absent in older journals, where nothing was left. */
const leftOf = ({ recall }: Ctx, { node }: Seat): string[] => (recall(`left:${node}`) as string[] | undefined) ?? []

function look(context: Ctx, host: RemoteHost, seat: Seat): Promise<VolumeLook> {
  return listVolume(
    host,
    seat,
    movesOf(context, seat).flatMap(({ from, to }) => [from, to]),
  )
}

async function planned(context: Ctx, seat: Seat, found: VolumeLook): Promise<Move[]> {
  const { once, needs, runId } = context
  const { token } = needs.placement
  const isPlanned = context.recall(`moves:${seat.node}`) !== undefined
  const moves = await once(`moves:${seat.node}`, async () => planMoves(seat, token, found, runId))
  const gone = new Set(moves.map(({ from }) => from))
  const within = moves.filter(({ to }) => to.startsWith(`${seat.base}/data/`)).map(({ to }) => below(seat, to).slice(5))
  const left = [...found.data.filter((name) => !gone.has(`${seat.base}/data/${name}`)), ...within]
  await once(`left:${seat.node}`, async () => (isPlanned ? [] : left.filter((name) => name !== token)))
  return moves
}

/** None when the plan was made just now: then it knows of all that is there. */
function straysOf(context: Ctx, seat: Seat, now: VolumeLook): Move[] {
  const plan = movesOf(context, seat)
  const there = new Set(plan.flatMap(({ from, to }) => [from, to]).filter((path) => now.spot(path).kind !== 'missing'))
  const seen = { plan, left: leftOf(context, seat), now, there }
  return strayMoves(seat, context.needs.placement.token, seen, context.runId)
}

async function mustBeInPlace(context: Ctx, host: RemoteHost, seat: Seat): Promise<void> {
  const { token } = context.needs.placement
  const { data } = await listVolume(host, { base: seat.base })
  const left = leftOf(context, seat)
  const found = data.filter((name) => !left.includes(name))
  const wanted = seat.source === undefined ? [] : [token]
  if (found.length === wanted.length && wanted.every((name) => found.includes(name))) return
  throw new RescueError(
    'STEP_FAILED',
    `${host.name}: ${seat.base}/data holds ${found.join(', ') || 'nothing'} after the renames`,
    {
      hint: `another program works on this volume; look on the node: sudo ls -la ${shellWord(`${seat.base}/data`)}; then resume the run`,
    },
  )
}
