import { z } from 'zod'
import { RescueError } from '../errors/rescue-error.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { copyRow } from './support/copy-table.ts'
import { bestCopy, rankCopies, rivalOf } from './support/rank.ts'

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
    context.note(`recovering from ${copy.id}: revision ${copy.revision ?? 'unknown'}, ${copy.path} on ${copy.node}`)
    return { copy }
  },
})

async function choose({ inputs, needs, world }: Context<'copies', Inputs>): Promise<Copy> {
  if (inputs.copy !== 'auto') return named(needs.copies, inputs.copy)
  const best = bestCopy(needs.copies)
  if (!best) {
    throw new RescueError('COPY_NOT_FOUND', 'no copy that was found holds data that could be recovered', {
      hint: 'look at the table of copies above; name one on purpose with --copy NODE:TOKEN',
    })
  }
  if (!world.prompter.interactive) return clearly(best, needs.copies)
  const ranked = rankCopies(needs.copies)
  const choices = ranked.map((copy) => ({
    value: copy.id,
    label: copyRow(copy).join('  '),
    ...(copy.serving ? { disabled: 'what the cluster runs now' } : {}),
  }))
  return named(
    needs.copies,
    await world.prompter.select('Recover from which copy?', choices, { flag: '--copy', default: best.id }),
  )
}

/** Without a person to ask, two clusters that hold about as much are not told apart by guessing. */
function clearly(best: Copy, copies: readonly Copy[]): Copy {
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
  const found = copies.find((copy) => copy.id === id)
  if (found) return found
  throw new RescueError('COPY_NOT_FOUND', `there is no copy ${JSON.stringify(id)}`, {
    hint: `copies that were found: ${copies.map((copy) => copy.id).join(', ') || 'none'}`,
  })
}
