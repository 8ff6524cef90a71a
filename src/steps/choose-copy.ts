import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { copyLabels } from './support/copy-table.ts'
import { bestCopy, CLOSE_SHARE, identify, rankCopies, reach, rivalOf } from './support/rank.ts'

const inputs = z.strictObject({ copy: z.string().default('auto') })
type Inputs = z.infer<typeof inputs>

export const chooseCopy = defineStep<'copies', 'copy', Inputs>({
  id: 'choose-copy',
  title: 'choose the copy to recover from',
  effect: 'read',
  needs: ['copies'],
  gives: ['copy'],
  inputs,
  describe: ({ copy }) => ({
    reads: [copy === 'auto' ? 'nothing new: ranks what was found' : `nothing new: takes ${copy}`],
    changes: [],
  }),
  act: async (context) => {
    const copy = await choose(context)
    context.note(`recovering from ${copy.id}: ${copy.path} on ${copy.node}`)
    context.note(comesBack(copy))
    warnOfBetterCopy(context, copy)
    warnOfMissingLogs(context, copy)
    return { copy }
  },
})

/** What the operator will have, and what not: asked before anything is changed. */
function comesBack({ revision, walWrites = 0, walWritesExact, trashedAt }: Copy): string {
  const about = walWritesExact ? '' : 'about '
  const more = walWrites > 0 ? `, and ${about}${walWrites} writes that are only in its WAL` : ''
  const until =
    trashedAt === undefined ? '' : ` (${new Date(trashedAt).toISOString().slice(0, 16).replace('T', ' ')} UTC)`
  return (
    `comes back: everything up to revision ${revision ?? 'unknown'}${more}. ` +
    `Lost: what was written after it was trashed${until}; what the cluster runs now is replaced, and kept as a backup`
  )
}

/** One that was named on purpose may lag behind another of the same cluster. */
function warnOfBetterCopy({ needs, note }: Context<'copies', Inputs>, copy: Copy): void {
  const clusters = identify(needs.copies)
  const same = needs.copies.filter((other) => clusters.of(other) === clusters.of(copy) && !other.serving)
  const best = bestCopy(same)
  if (!best || best.id === copy.id) return
  const behind = (reach(best).index ?? 0) - (reach(copy).index ?? 0)
  if (behind > 0) note(`careful: ${best.id} of the same cluster has ${behind} log entries more than ${copy.id}`)
}

/** Only the logs of a quorum together surely hold every acknowledged write. */
function warnOfMissingLogs({ needs, world, note }: Context<'copies', Inputs>, copy: Copy): void {
  const members = world.target.nodes.controlPlane.length
  const logs = needs.copies.filter(({ clusterId, token, walIndex }) => {
    return (
      walIndex !== undefined && (copy.clusterId === undefined ? token === copy.token : clusterId === copy.clusterId)
    )
  })
  const seen = new Set(logs.map(({ node }) => node)).size
  if (seen > members / 2) return
  note(`only ${seen} of ${members} members' logs were found: writes acknowledged at the very end may be missing`)
}

async function choose({ inputs, needs, world, note }: Context<'copies', Inputs>): Promise<Copy> {
  if (inputs.copy !== 'auto') return named(needs.copies, inputs.copy)
  const best = bestCopy(needs.copies)
  if (!best) {
    throw new RescueError('COPY_NOT_FOUND', 'no copy that was found holds data that could be recovered', {
      hint: 'look at the table of copies above; name one on purpose with --copy NODE:TOKEN',
    })
  }
  const alive = await alsoAlive(world, best)
  if (alive && world.prompter.interactive) note(`careful: ${alive}`)
  if (!world.prompter.interactive) return clearly(best, needs.copies, alive)
  const ranked = rankCopies(needs.copies)
  const labels = copyLabels(ranked)
  const choices = ranked.map((copy, index) => ({
    value: placeOf(copy),
    label: labels[index] ?? copy.id,
    ...(copy.serving ? { disabled: 'what the cluster runs now' } : {}),
  }))
  const options = { flag: '--copy', default: placeOf(best) }
  return named(needs.copies, await world.prompter.select('Recover from which copy?', choices, options))
}

/** The members of a cluster keep their copies at the same path, each on its node. */
const placeOf = ({ node, path }: Copy) => `${node}:${path}`

/** An empty cluster that was seeded holds a few keys; one that holds about as much as the copy is not lost. */
async function alsoAlive(world: Context<'copies', Inputs>['world'], best: Copy): Promise<string | undefined> {
  const keys = await runningKeys(world)
  if (keys === undefined || keys < CLOSE_SHARE * (best.recordsKept ?? Number.POSITIVE_INFINITY)) return undefined
  return `the running cluster is not empty: it holds ${keys} keys, about as much as ${best.id} with ~${best.recordsKept} records`
}

/** Undefined when it does not answer: then there is nothing to compare with. */
async function runningKeys(world: Context<'copies', Inputs>['world']): Promise<number | undefined> {
  try {
    const client = await world.live.connect({ timeoutMs: 5000 })
    try {
      return await client.count()
    } finally {
      await client.close()
    }
  } catch {
    return undefined
  }
}

/** Without a person to ask, two clusters that hold about as much are not told apart by guessing. */
function clearly(best: Copy, copies: readonly Copy[], alive: string | undefined): Copy {
  if (alive) {
    throw new RescueError('ANSWER_MISSING', alive, {
      hint: `if the running cluster is to be replaced all the same, name the copy: --copy ${best.id}`,
    })
  }
  const rival = rivalOf(best, copies)
  if (!rival) return best
  throw new RescueError(
    'ANSWER_MISSING',
    `${best.id} and ${rival.id} are of different clusters and hold about as much`,
    {
      hint: `say which one is right: --copy ${best.id} or --copy ${rival.id}`,
    },
  )
}

function named(copies: readonly Copy[], id: string): Copy {
  const [found, other] = copies.filter((copy) => copy.id === id || placeOf(copy) === id)
  if (found && other) throw ambiguous(id, found, other)
  if (found) return found
  throw new RescueError('COPY_NOT_FOUND', `there is no copy ${JSON.stringify(id)}`, {
    hint: `copies that were found: ${
      copies
        .slice(0, 20)
        .map((copy) => copy.id)
        .join(', ') || 'none'
    }`,
  })
}

/** A token may lie in `data/` and in the trashcan of one node: what was copied there by hand. */
function ambiguous(id: string, one: Copy, other: Copy): RescueError {
  return new RescueError(
    'COPY_NOT_FOUND',
    `two copies are called ${JSON.stringify(id)}: ${one.path} and ${other.path}`,
    {
      hint: `name one by its path: --copy ${placeOf(one)}`,
    },
  )
}
