import { RescueError } from '../errors/rescue-error.ts'
import { parseState } from '../etcd-manager/state-file.ts'
import { changeState } from '../etcd-manager/state-write.ts'
import { readFile, readFirst, type SmallFile } from '../node/files.ts'
import { makeMove } from '../node/moves.ts'
import { readStateFile } from '../node/volumes.ts'
import { writeFileOn } from '../node/write-file.ts'
import type { RemoteHost } from '../ports/remote-host.ts'
import { type Context, defineStep } from './define.ts'
import type { Seat } from './facts.ts'
import { keepStopped, whileStopped } from './support/etcd-managers.ts'
import { onSeats } from './support/on-seats.ts'

type Ctx = Context<'placement' | 'stopped' | 'swapped'>

const MAX_BYTES = 64 * 1024

/**
 * etcd-manager starts what `state` names, and reads it once, at its start. All fields that are not about this stay; the old
 * file stays beside it. A seat without data loses its `state`: with one that names a directory which is not there, its
 * etcd would start under the old member's id with an empty log.
 */
export const writeState = defineStep<'placement' | 'stopped' | 'swapped'>({
  id: 'write-state',
  title: "name the directory in etcd-manager's state",
  effect: 'change',
  needs: ['placement', 'stopped', 'swapped'],
  describe: () => ({
    reads: ['state on every seat'],
    changes: ['state on every seat, which names the token; the old one stays beside it as state.before-<run>'],
  }),
  act: async (context) => {
    const { world, needs } = context
    await onSeats(world, needs.placement.seats, async (host, seat) => {
      const paths = [beforeOf(seat, context.runId), `${seat.base}/state`]
      const found = await whileStopped(context, host, seat, needs.swapped.at, () => readFirst(host, paths, MAX_BYTES))
      await write(context, host, seat, found)
    })
    return {}
  },
  verify: async ({ world, needs }) => {
    const { seats, token } = needs.placement
    await onSeats(world, seats, async (host, { base, source }) => {
      const state = await readStateFile(host, base)
      const named = state === undefined ? undefined : parseState(state).cluster?.token
      if (named !== (source === undefined ? undefined : token)) throw wrong(host, base, named)
    })
  },
  undo: async (context) => {
    // a node that started again has brought its etcd-manager along, and that one writes its own state
    await onSeats(context.world, context.needs.placement.seats, async (host, seat) => {
      if (context.recall(`had:${seat.node}`) === undefined) return
      await keepStopped(context, host, seat)
      await takeBack(context, host, seat)
    })
  },
})

const beforeOf = ({ base }: Seat, runId: string) => `${base}/state.before-${runId}`

/** `found`: the original, which after a crash is the one that was kept; `state` may be the new one already. */
async function write(context: Ctx, host: RemoteHost, seat: Seat, found: SmallFile | undefined): Promise<void> {
  const { once, runId, needs } = context
  const path = `${seat.base}/state`
  const before = beforeOf(seat, runId)
  const had = await once(`had:${seat.node}`, async () => found !== undefined)
  if (seat.source === undefined) return had ? setStateAside(host, path, before) : undefined
  const old = had ? found?.content : undefined
  const { token, etcdVersion, members } = needs.placement
  await writeFileOn(host, path, changed(old, { token, etcdVersion, nodes: members }), had ? before : undefined)
}

/** One that is no protobuf message is kept beside the new one, which is then written whole. */
function changed(old: Buffer | undefined, change: Parameters<typeof changeState>[1]): Buffer {
  try {
    return changeState(old ?? Buffer.alloc(0), change)
  } catch {
    return changeState(Buffer.alloc(0), change)
  }
}

/** The first time it moves the old one; one that etcd-manager has written since then goes to a name of its own. */
async function setStateAside(host: RemoteHost, path: string, before: string): Promise<void> {
  const isKept = (await readFile(host, before, MAX_BYTES)) !== undefined
  if (isKept && (await readFile(host, path, MAX_BYTES)) === undefined) return
  await makeMove(host, { from: path, to: isKept ? `${before}.${Date.now()}` : before })
}

async function takeBack({ recall, runId }: Ctx, host: RemoteHost, seat: Seat): Promise<void> {
  const had = recall(`had:${seat.node}`)
  const path = `${seat.base}/state`
  const kept = await readFile(host, beforeOf(seat, runId), MAX_BYTES)
  if (had === undefined || (had === true && kept === undefined)) return
  if (had === true && kept !== undefined) {
    await writeFileOn(host, path, kept)
    // a run that is resumed keeps what is there then, and not this again
    return makeMove(host, { from: beforeOf(seat, runId), to: `${beforeOf(seat, runId)}.${Date.now()}` })
  }
  const written = await readFile(host, path, MAX_BYTES)
  if (written !== undefined) await makeMove(host, { from: path, to: `${path}.undone-${runId}.${Date.now()}` })
}

function wrong(host: RemoteHost, base: string, named: string | undefined): RescueError {
  return new RescueError(
    'STEP_FAILED',
    `${host.name}: ${base}/state names ${named ?? 'no token'} after it was written`,
    {
      hint: 'an etcd-manager still runs there; stop it and resume the run',
    },
  )
}
