import { z } from 'zod'
import { count, many, minute } from '../words/numbers.ts'
import { type Context, defineStep } from './define.ts'
import type { Copy } from './facts.ts'
import { chooseCopyOf } from './support/choose.ts'
import { identify } from './support/clusters.ts'
import { hasQuorum, logsFound } from './support/logs-found.ts'
import { mustHaveEtcd } from './support/needed-etcd.ts'
import { rankCopies } from './support/rank.ts'
import { reach } from './support/reach.ts'
import { mustHaveRoom, roomToRebuild } from './support/room.ts'
import { type Survey, survey } from './support/survey.ts'
import { mustBeVerifiable } from './support/verifiable.ts'

const inputs = z.strictObject({ copy: z.string().default('auto') })
type Inputs = z.infer<typeof inputs>
type Ctx = Context<'copies', Inputs>

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
  check: mustBeVerifiable,
  act: async (context) => {
    const found = await survey(context.world, context.needs.copies)
    const copy = await chooseCopyOf(context, found)
    await mustHaveEtcd(context, copy.etcdVersion)
    await mustHaveRoom(context.world, roomToRebuild(copy))
    context.note(`recovering from ${copy.id}: ${copy.path} on ${copy.node}`)
    context.note(comesBack(copy))
    warnOfBetterCopy(context, copy, found)
    warnOfMissingLogs(context, copy, found)
    return { copy }
  },
})

/** What the operator will have, and what not: asked before anything is changed. */
function comesBack({ revision, walWrites = 0, walWritesExact, trashedAt }: Copy): string {
  const about = walWritesExact ? '' : 'about '
  const more = walWrites > 0 ? `, and ${about}${many(walWrites, 'write')} only in its WAL` : ''
  const until = trashedAt === undefined ? '' : ` (${minute(trashedAt)} UTC)`
  return (
    `comes back: everything up to revision ${revision === undefined ? 'unknown' : count(revision)}${more}. ` +
    `Lost: what was written after it was trashed${until}; what the cluster runs now is replaced, and kept as a backup`
  )
}

/** One that was named on purpose may lag behind another of the same cluster. */
function warnOfBetterCopy({ needs, note }: Ctx, copy: Copy, { running }: Survey): void {
  const { of } = identify(needs.copies)
  const same = needs.copies.filter((other) => of(other) === of(copy) && !running.uses(other))
  const [best] = rankCopies(same, running)
  if (!best || best.id === copy.id) return
  const behind = (reach(best).index ?? 0) - (reach(copy).index ?? 0)
  if (behind > 0)
    note(`careful: ${best.id} of the same cluster has ${many(behind, 'log entry', 'log entries')} more than ${copy.id}`)
}

function warnOfMissingLogs({ needs, world, note }: Ctx, copy: Copy, { running }: Survey): void {
  const found = logsFound(copy, needs.copies, running, world.target.nodes.controlPlane.length)
  if (hasQuorum(found)) return
  note(
    `only ${found.logs} of ${found.size} members' logs were found: writes acknowledged at the very end may be missing`,
  )
}
