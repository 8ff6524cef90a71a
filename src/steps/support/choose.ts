import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import { many } from '../../words/numbers.ts'
import type { Copy } from '../facts.ts'
import { isNearlyEmpty, keysIn, type Rankable } from './clusters.ts'
import { copyLabels } from './copy-table.ts'
import { otherHistory } from './histories.ts'
import { bestCopy, isCandidate, rankCopies, rivalsOf } from './rank.ts'
import { flagOf, sayHistories, sayKeys, sayWhichIsRight, type Told } from './say-copy.ts'
import type { LiveNow, Survey } from './survey.ts'

type Ctx = StepContext<{ copies: Copy[] }, { copy: string }>

/**
 * The copy that the operator named (`NODE:TOKEN`, or `NODE:PATH`), else the best one; on a terminal it is asked. Without
 * one, a second cluster that is not nearly empty, whether it runs or lies in a trashcan, is `ANSWER_MISSING`.
 */
export async function chooseCopyOf(
  { inputs, needs, world, note }: Ctx,
  found: Survey,
  by: 'copy' | 'generation' = 'copy',
): Promise<Copy> {
  const { copies } = needs
  const { running } = found
  if (inputs.copy !== 'auto') return named(copies, inputs.copy)
  const best = bestCopy(copies, running)
  if (!best) {
    throw new RescueError('COPY_NOT_FOUND', 'no copy that was found holds data that could be recovered', {
      hint: 'look at the table of copies above; name one on purpose with --copy NODE:TOKEN',
    })
  }
  const doubt = doubtOf(best, copies, found)
  if (!world.prompter.interactive) {
    if (doubt) throw new RescueError('ANSWER_MISSING', doubt.why, { hint: doubt.hint })
    return best
  }
  if (doubt) note(`careful: ${doubt.why}`)
  const ranked = rankCopies(copies, running)
  const isByGeneration = by === 'generation' && doubt === undefined
  const offered = isByGeneration ? oneOfEach(ranked.filter((copy) => isCandidate(copy, running))) : ranked
  // all its members return: there is nothing to choose
  if (isByGeneration && offered.length === 1) return best
  const labels = copyLabels(offered)
  const choices = offered.map((copy, index) => ({
    value: placeOf(copy),
    label: labels[index] ?? copy.id,
    ...(running.uses(copy) ? { disabled: 'what the cluster runs now' } : {}),
  }))
  const options = { flag: '--copy', default: placeOf(best) }
  const question = isByGeneration ? 'Return to which generation?' : 'Recover from which copy?'
  return named(copies, await world.prompter.select(question, choices, options))
}

/** The best copy of each generation: its members are put back together. */
const oneOfEach = (ranked: readonly Copy[]) =>
  ranked.filter((copy, at) => ranked.findIndex(({ token }) => token === copy.token) === at)

/** The members of a cluster keep their copies at the same path, each on its node. */
const placeOf = ({ node, path }: Copy) => `${node}:${path}`

/** What only a person can say; undefined where one copy is clearly the right one. */
function doubtOf(best: Copy, copies: readonly Copy[], { running, live }: Survey) {
  const alive = alsoAlive(live, best)
  if (alive) return alive
  const rivals = rivalsOf(best, copies, running)
  if (rivals.length > 0) return sayWhichIsRight(best, rivals)
  const other = otherHistory(best, copies, running)
  return other && sayHistories(best, other.copy, other.why)
}

/** An empty cluster that was seeded holds a few keys; one that holds more may be what people work with. */
export function alsoAlive(live: LiveNow | undefined, best: Told): { why: string; hint: string } | undefined {
  if (live === undefined || isNearlyEmpty(live.keys, keysIn(best as Rankable) ?? live.keys)) return undefined
  return {
    why: `the running cluster is not empty: it holds ${many(live.keys, 'key')}, and ${best.backup ?? best.id} ${sayKeys(best)}`,
    hint: `if the running cluster is to be replaced all the same, name what replaces it: ${flagOf(best)}`,
  }
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
