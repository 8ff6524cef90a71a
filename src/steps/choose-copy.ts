import { z } from 'zod'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { chooseCopyOf } from './support/choose.ts'
import { bestCopy, identify, reach } from './support/rank.ts'

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
    const copy = await chooseCopyOf(context)
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
