import type { StepContext } from '../../engine/step.ts'
import { RescueError } from '../../errors/rescue-error.ts'
import type { Unsearched } from '../copy.ts'

type Ctx = Pick<StepContext<unknown, unknown>, 'world' | 'once' | 'note'>

/** Those places that the operator has not said to do without. `accepted`: names of nodes. Pure. */
export const notAccepted = (unsearched: readonly Unsearched[], accepted: readonly string[]): Unsearched[] =>
  unsearched.filter(({ node }) => !accepted.includes(node))

/**
 * `ANSWER_MISSING` while a node, or a place on one, was not searched and the operator has not named it: it may hold newer
 * data than all that was found, and what is done next may be done over it. On a terminal it is asked.
 */
export async function mustBeSearched(
  { world, once, note }: Ctx,
  unsearched: readonly Unsearched[],
  accepted: readonly string[],
): Promise<void> {
  const open = notAccepted(unsearched, accepted)
  if (open.length === 0) return
  const { interactive } = world.prompter
  if (!interactive) throw notSearched(open)
  const question = `${sayWhat(open)}. Go on without it?`
  const goesOn = await once('unsearched', () =>
    world.prompter.confirm(question, { flag: `--set unsearched=${nodesOf(open)}`, default: false }),
  )
  if (!goesOn) throw notSearched(open)
  note(`goes on without what was not searched, as you said: ${nodesOf(open)}`)
}

/** The same as an error, for who decides before a run begins. */
export function notSearched(unsearched: readonly Unsearched[]): RescueError {
  return new RescueError('ANSWER_MISSING', sayWhat(unsearched), {
    hint: `nothing was changed; mend it and begin again, or, if what is there is not wanted, say so: --set unsearched=${nodesOf(unsearched)}`,
  })
}

const nodesOf = (unsearched: readonly Unsearched[]) => [...new Set(unsearched.map(({ node }) => node))].join(',')

function sayWhat(unsearched: readonly Unsearched[]): string {
  const places = unsearched.map(({ node, path, why }) => `${path === undefined ? node : `${path} on ${node}`} (${why})`)
  return `not searched, and may hold newer data than all that was found: ${places.slice(0, 5).join('; ')}`
}
