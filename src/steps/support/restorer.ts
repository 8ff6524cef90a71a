import { z } from 'zod'
import type { StepContext } from '../../engine/step.ts'
import { RescueError, toRescueError } from '../../errors/rescue-error.ts'
import { judgeRestore, type RestoreAnswer } from '../../etcd-manager/versions.ts'
import { etcdManagerVersions } from '../../node/versions.ts'
import type { RemoteHost } from '../../ports/remote-host.ts'
import type { World } from '../../ports/world.ts'
import { isAway } from './away.ts'

/** When it is not known whether the etcd-manager that runs can restore the backup: ask, or the operator accepts that. */
export const versionsInput = z.enum(['ask', 'accept']).default('ask')

/** What the etcd-managers on the nodes would do with a backup. */
export interface Restorer {
  /** The etcds with which they restore it, where that is known. */
  with: string[]
  /** What is not known, each with the nodes that it is about. */
  doubts: string[]
}

type Ctx = Pick<StepContext<unknown, unknown>, 'world' | 'note'>

/**
 * Any healthy node may be the one that restores, so each is asked. `VERSION_MISMATCH` for a pair of etcd-manager and
 * backup that ends in the restore loop (FACTS 4). A node that is away is said, and takes no part while it is.
 */
export async function findRestorer({ world, note }: Ctx, metaEtcdVersion: string): Promise<Restorer> {
  const doubts = new Map<string, string[]>()
  const versions = new Set<string>()
  for (const host of world.controlPlane) {
    const answer = await answerOf(world, host, metaEtcdVersion)
    if (answer === 'away') {
      note(`${host.name} is away: which etcd-manager runs there is not known`)
      continue
    }
    if (answer.verdict === 'no')
      throw new RescueError('VERSION_MISMATCH', `${host.name}: ${answer.why}`, { hint: answer.hint })
    if (answer.restoredWith !== undefined) versions.add(answer.restoredWith)
    if (answer.verdict === 'doubt') doubts.set(answer.why, [...(doubts.get(answer.why) ?? []), host.name])
  }
  return {
    with: [...versions],
    doubts: [...doubts].map(([why, names]) => `etcd-manager on ${names.join(', ')}: ${why}`),
  }
}

async function answerOf(world: World, host: RemoteHost, metaEtcdVersion: string): Promise<RestoreAnswer | 'away'> {
  try {
    const found = await etcdManagerVersions(host, world.target.etcdCluster)
    return judgeRestore({ ...found, metaEtcdVersion })
  } catch (error) {
    if (isAway(error)) return 'away'
    return { verdict: 'doubt', why: `its versions could not be read: ${toRescueError(error).message}` }
  }
}

/**
 * A doubt is never a yes: a wrong one costs the running cluster (FACTS 4). `ANSWER_MISSING` without a terminal and without
 * `--set versions=accept`; `VERSION_MISMATCH` when the operator does not want it.
 */
export async function agreeToDoubts(
  { world, note }: Ctx,
  doubts: readonly string[],
  versions: 'ask' | 'accept',
): Promise<void> {
  if (doubts.length === 0) return
  const said = `it is not known whether etcd-manager can restore this backup: ${doubts.join('; ')}`
  const question = `Careful: ${said}. If it cannot, it has destroyed the running cluster before it finds out, and tries again for ever. Go on?`
  const flag = '--set versions=accept, after a look at what runs on these nodes'
  const isAccepted = versions === 'accept' || (await world.prompter.confirm(question, { flag, default: false }))
  if (!isAccepted)
    throw new RescueError('VERSION_MISMATCH', said, {
      hint: 'nothing was changed; where a node still has a copy, restore it without etcd-manager: etcd-rescue recover --method seed-in-place',
    })
  note(`accepted: ${said}`)
}
