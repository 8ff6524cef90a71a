import { identify, type Rankable } from './clusters.ts'
import { isOfLearner, quorumOf, votersIn } from './quorum.ts'

/** The etcd cluster that is in use now, if one is. */
export interface Running {
  /** Of that cluster: what its members use, an older state of it, a backup of it. */
  isOf(copy: Rankable): boolean
  /** What a member of it uses now. */
  uses(copy: Rankable): boolean
}

/** What answers, and its members' ids, by which its backups are known. */
interface Live {
  clusterId: string
  members?: string[] | undefined
}

/**
 * What runs is the cluster that answers, or else the one that a quorum of its members' etcds run. A member that was away
 * while the others were seeded anew comes back with its old token, and an etcd on it, alone: that serves nobody, and its
 * directory is a copy like any other (FACTS 5). Where two have as many, none is said to run. An etcd whose cluster nothing
 * tells is in use.
 */
export function runningCluster(copies: readonly Rankable[], live?: Live | undefined): Running {
  const answers = live === undefined ? [] : [{ id: 'live', serving: false, ...live }]
  const { of, isKnown } = identify([...copies, ...answers])
  const serving = copies.filter(mayServe)
  const id =
    live?.clusterId ??
    ofMost(serving.filter((copy) => !isOfLearner(copy)).map(of), (cluster) =>
      sizeOf(copies.filter((copy) => of(copy) === cluster)),
    )
  const isOf = (copy: Rankable) => id !== undefined && of(copy) === id
  const isUntold = (copy: Rankable) => mayServe(copy) && !isKnown(copy)
  return {
    isOf: (copy) => isOf(copy) || isUntold(copy),
    uses: (copy) => mayServe(copy) && (isOf(copy) || isUntold(copy)),
  }
}

/** Where it could not be told, what the node's own `state` names may well run. */
const mayServe = ({ serving, servingUnseen, named }: Rankable) =>
  serving || (servingUnseen !== undefined && named === true)

function ofMost(votes: readonly string[], size: (cluster: string) => number): string | undefined {
  const counted = [...new Set(votes)]
    .map((cluster) => ({ cluster, votes: votes.filter((vote) => vote === cluster).length }))
    .filter(({ cluster, votes: own }) => own >= quorumOf(size(cluster)))
    .sort((a, b) => b.votes - a.votes)
  const [first, second] = counted
  return first !== undefined && first.votes !== second?.votes ? first.cluster : undefined
}

/** How many members with a vote its databases name. */
const sizeOf = (copies: readonly Rankable[]) => Math.max(1, ...copies.map((copy) => votersIn(copy)))
