import { identify, type Rankable } from './clusters.ts'
import { isOfLearner, quorumOf, votersIn } from './quorum.ts'
import { isUnusable } from './reach.ts'
import type { Running } from './running.ts'

type OnNode = Rankable & { node?: string | undefined }

/** How many voting members' logs of a copy's cluster were found, and how many of them it has. */
export interface LogsFound {
  logs: number
  size: number
}

/**
 * Only the logs of a quorum together surely hold every acknowledged write. Counted is each node on which a directory of the
 * cluster has its log, wherever it lies and whatever runs on it. `nodes`: how many there are, where no database tells.
 */
export function logsFound(copy: OnNode, copies: readonly OnNode[], running: Running, nodes: number): LogsFound {
  const { of } = identify([...copies, copy])
  const same = copies.filter(
    (one) =>
      of(one) === of(copy) &&
      !isUnusable(one) &&
      one.foreign === undefined &&
      !running.uses(one) &&
      isWithLog(one) &&
      !isOfLearner(one, copy),
  )
  const size = votersIn(copy) || nodes
  return { logs: new Set(same.flatMap(({ node }) => node ?? [])).size, size }
}

/** A log that ends early, or with a hole, is no witness of what was acknowledged last. */
const isWithLog = ({ walIndex, log }: Rankable) =>
  walIndex !== undefined && !['damaged', 'gap', 'behind-database'].includes(log?.state ?? '')

export const hasQuorum = ({ logs, size }: LogsFound) => logs >= quorumOf(size)
