import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { World } from '../../ports/world.ts'
import type { Copy } from '../facts.ts'
import { copyLabels } from './copy-table.ts'
import { bestCopy, CLOSE_SHARE, rankCopies, rivalOf } from './rank.ts'

type Ctx = StepContext<{ copies: Copy[] }, { copy: string }>

/**
 * The copy that the operator named (`NODE:TOKEN`, or `NODE:PATH`), else the best one; on a terminal it is asked. Without
 * one, two clusters that hold about as much, or a running cluster that is not empty, are `ANSWER_MISSING`.
 */
export async function chooseCopyOf({ inputs, needs, world, note }: Ctx): Promise<Copy> {
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
export async function alsoAlive(world: World, best: Pick<Copy, 'id' | 'recordsKept'>): Promise<string | undefined> {
  const keys = await runningKeys(world)
  if (keys === undefined || keys < CLOSE_SHARE * (best.recordsKept ?? Number.POSITIVE_INFINITY)) return undefined
  return `the running cluster is not empty: it holds ${keys} keys, about as much as ${best.id} with ~${best.recordsKept} records`
}

/** Undefined when it does not answer: then there is nothing to compare with. */
async function runningKeys(world: World): Promise<number | undefined> {
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
