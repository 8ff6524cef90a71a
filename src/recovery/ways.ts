import { newestGood } from '../steps/support/good-backups.ts'
import { bestCopy, identify, reach } from '../steps/support/rank.ts'
import { isOnNode, type RecoveryCopy, type Running } from './copies.ts'
import { type Generation, generationOf } from './generation.ts'
import type { Method } from './proposal.ts'

/** What the four ways can start from. */
export interface Found {
  /** Of all copies and backups, the one that holds the most; or the one that was named. */
  best: RecoveryCopy | undefined
  onNode: RecoveryCopy | undefined
  backup: RecoveryCopy | undefined
  generation: Generation
  /** The operator said which: other data is not wanted. */
  named?: RecoveryCopy
}

interface Search {
  copies: readonly RecoveryCopy[]
  /** Those that may be recovered from. */
  usable: readonly RecoveryCopy[]
  running: Running
  nodes: readonly string[]
  named: RecoveryCopy | undefined
}

const NONE: Generation = { logs: 0, size: 0 }

export function findSources({ copies, usable, running, nodes, named }: Search): Found {
  const backups = copies.filter((one) => !isOnNode(one))
  const best = bestCopy(usable)
  const onNode = bestCopy(usable.filter(isOnNode))
  const backup = newestGood(backups, (one) => running.of(one))
  if (named === undefined) return { best, onNode, backup, generation: ofOne(onNode, copies, nodes) }
  const isBackup = !isOnNode(named)
  const chosen = isBackup ? { onNode, backup: named } : { onNode: named, backup }
  return { best: named, ...chosen, generation: ofOne(chosen.onNode, copies, nodes), named }
}

const ofOne = (copy: RecoveryCopy | undefined, copies: readonly RecoveryCopy[], nodes: readonly string[]) =>
  copy === undefined ? NONE : generationOf(copy, copies, nodes)

export type Way = { source: RecoveryCopy; behind?: string } | { whyNot: string }

/** Whether a way can be gone, and from what. `behind`: it can, and another one brings back more. */
export function wayOf(method: Method, found: Found): Way {
  const refused = notTheNamed(method, found)
  if (refused !== undefined) return { whyNot: refused }
  const { onNode, backup, generation } = found
  if (method === 'restore-backup')
    return backup === undefined
      ? { whyNot: 'no backup was found that is good and not of the cluster that runs now' }
      : { source: backup }
  if (onNode === undefined) return { whyNot: 'no copy on a node holds data that could be recovered' }
  const whyNot = method === 'return-in-place' ? generation.whyNot : undefined
  return whyNot === undefined ? { source: onNode, ...behindBackup(onNode, found) } : { whyNot }
}

function notTheNamed(method: Method, { named }: Found): string | undefined {
  if (named === undefined) return undefined
  if (isOnNode(named) === (method === 'restore-backup')) return `${named.backup ?? named.id} was named`
  if (named.serving) return `${named.id} is what the cluster runs now`
  return (named.revision ?? 0) > 1 ? undefined : `${named.backup ?? named.id} holds no data that could be recovered`
}

/** A backup may hold more than any copy on a node: those of a member that lagged, or of a cluster that was small. */
function behindBackup(onNode: RecoveryCopy, { best }: Found): { behind?: string } {
  if (best === undefined || isOnNode(best)) return {}
  const { of } = identify([onNode, best])
  const isSame = of(onNode) === of(best)
  const reachesAsFar = (reach(onNode).index ?? -1) >= (reach(best).index ?? 0)
  return isSame && reachesAsFar ? {} : { behind: `the backup ${best.backup} holds more than any copy on a node` }
}
