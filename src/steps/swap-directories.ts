import { RescueError } from '../errors/rescue-error.ts'
import { find } from '../node/find.ts'
import { type Move, makeMoves, reversed } from '../node/moves.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Context, defineStep } from './define.ts'
import type { Seat } from './facts.ts'
import { whileStopped } from './support/etcd-managers.ts'
import { onSeats } from './support/on-seats.ts'
import { planMoves } from './support/plan-moves.ts'

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
      const dirs = ['data', 'data-trashcan'].map((name) => `${seat.base}/${name}`)
      const found = await whileStopped(context, host, seat, needs.stopped.at, () => names(host, dirs))
      return planned(context, seat, found)
    })
    await onSeats(world, seats, async (host, seat) => {
      await makeMoves(host, plans[seats.indexOf(seat)] ?? [])
    })
    for (const [at, seat] of seats.entries())
      for (const { from, to } of plans[at] ?? []) note(`${seat.node}: ${below(seat, from)} → ${below(seat, to)}`)
    return { swapped: { nodes: seats.map(({ node }) => node), at: world.clock.now().getTime() } }
  },
  verify: async ({ world, needs }) => {
    const { seats, token } = needs.placement
    await onSeats(world, seats, (host, seat) => mustBeInPlace(host, seat, token))
  },
  undo: async ({ world, needs, recall }) => {
    await onSeats(world, needs.placement.seats, async (host, { node }) => {
      const moves = recall(`moves:${node}`) as Move[] | undefined
      await makeMoves(host, reversed(moves ?? []))
    })
  },
})

const below = ({ base }: Seat, path: string) => path.slice(base.length + 1)

function planned({ once, needs, runId }: Ctx, seat: Seat, [data = [], trashcan = []]: string[][]): Promise<Move[]> {
  return once(`moves:${seat.node}`, async () => planMoves(seat, needs.placement.token, { data, trashcan }, runId))
}

/** What is right in each of these directories. */
async function names(host: RemoteHost, dirs: readonly string[]): Promise<string[][]> {
  const found = await find(host, dirs, ['-mindepth', '1', '-maxdepth', '1'])
  return dirs.map((dir) =>
    found.filter(({ path }) => path.startsWith(`${dir}/`)).map(({ path }) => path.slice(dir.length + 1)),
  )
}

async function mustBeInPlace(host: RemoteHost, { base, source }: Seat, token: string): Promise<void> {
  const [found = []] = await names(host, [`${base}/data`])
  const wanted = source === undefined ? [] : [token]
  if (found.length === wanted.length && wanted.every((name) => found.includes(name))) return
  throw new RescueError(
    'STEP_FAILED',
    `${host.name}: ${base}/data holds ${found.join(', ') || 'nothing'} after the renames`,
    {
      hint: `another program works on this volume; look on the node: sudo ls -la ${JSON.stringify(base)}/data; then resume the run`,
    },
  )
}
