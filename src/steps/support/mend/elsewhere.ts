import type { StepContext } from '../../../engine/step.ts'
import { RescueError } from '../../../errors/rescue-error.ts'
import { shellWord } from '../../../shell/quote.ts'
import { count } from '../../../words/numbers.ts'
import type { Copy, Facts } from '../../facts.ts'
import { offerRows, offersAfter } from '../next-best.ts'

type Ctx = Pick<StepContext<Pick<Facts, 'copies' | 'copy'>, unknown>, 'needs' | 'table'>

/** What is left of a copy of which not all comes back. */
interface Left {
  /** Why not, in a few words. */
  why: string
  how: 'log' | 'database'
  revision: number
}

/**
 * Shows what each copy of the same cluster would bring, and refuses with `PRECONDITION` what is left of this one while
 * another member has more. Returns when none has.
 */
export function mustBeBest({ needs: { copies, copy }, table }: Ctx, { why, how, revision }: Left): void {
  const offers = offersAfter(copies, { copy, brings: { revision, how } })
  if (offers.length > 1) table(['copy', 'comes back', 'by'], offerRows(offers))
  const best = offers[0]
  if (best === undefined || best.isFailed || (best.revision ?? 0) <= revision) return
  throw new RescueError(
    'PRECONDITION',
    `${copy.id} does not come back in full (${why}): it reaches revision ${count(revision)}, and ${best.id} ${best.revision === undefined ? 'more' : count(best.revision)}`,
    { hint: `nothing was changed; take that one: etcd-rescue recover --copy ${shellWord(nameOf(best, copies))}` },
  )
}

/** Two copies of a node can have the same id; then the path tells. */
function nameOf({ id, node, path }: Pick<Copy, 'id' | 'node' | 'path'>, copies: readonly Copy[]): string {
  return copies.filter((copy) => copy.id === id).length > 1 ? `${node}:${path}` : id
}
