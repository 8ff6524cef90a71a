import { RescueError } from '../../../errors/rescue-error.ts'
import { count, many } from '../../../words/numbers.ts'
import type { Context } from '../../define.ts'
import { forgetReplay, type Replay, replayWal } from '../replay.ts'
import { mustBeBest } from './elsewhere.ts'

type Ctx = Context<'copies' | 'copy' | 'fetched' | 'checked', { way: 'auto' | 'wal' | 'db' }>

export interface Replayed {
  revision: number
  keys: number
  /** What was done to the working copy first. */
  mended: string[]
  /** It was turned off in the working copy. */
  authWasOn: boolean
}

/** The whole member directory with its WAL replayed, mended where it has to be; says all that was done and is brought back. */
export async function replayed(context: Ctx): Promise<Replayed> {
  const { world, needs, signal } = context
  const isDatabaseSound = needs.checked.damage === undefined
  try {
    const replay = await replayWal(world, needs.fetched, needs.checked.minor, signal, { isDatabaseSound })
    tell(context, replay)
    const { client, authWasOn = false } = replay.member
    const { revision } = await client.status()
    const held = { revision, keys: await client.count(), mended: replay.did, authWasOn }
    await mustBeEnough(context, replay, held.revision)
    return held
  } finally {
    forgetReplay(world)
  }
}

function tell({ note }: Ctx, { did, vain, marked, member }: Replay): void {
  if (did.length > 0) for (const line of vain) note(`not as it is: ${line}`)
  for (const line of did) note(`on the working copy, never on the original: ${line}`)
  if (marked > 0)
    note(`the WAL ends with ${many(marked, 'entry', 'entries')} not marked as committed yet: brought back too`)
  for (const line of member.notes ?? []) note(`etcd said at its start: ${line}`)
}

/** What was cut off may have been acknowledged: a person says whether the rest is enough. */
async function mustBeEnough(context: Ctx, { loses }: Replay, revision: number): Promise<void> {
  const { world, inputs } = context
  if (loses === undefined || inputs.way === 'wal') return
  mustBeBest(context, { why: loses, how: 'log', revision })
  const question = `${loses}; it may have been acknowledged. Go on with what is before it, up to revision ${count(revision)}? No other copy that was found holds more.`
  if (await world.prompter.confirm(question, { flag: '--set way=wal', default: false })) return
  throw new RescueError('PRECONDITION', `${loses}, and the rest alone was not wanted`, {
    hint: 'nothing was changed; take another copy with --copy, or accept the rest with --set way=wal',
  })
}
