import { isUnusable } from '../steps/support/rank.ts'
import type { RecoveryCopy } from './copies.ts'

/** The members of one incarnation of an etcd cluster that still have their directory. */
export interface Generation {
  /** One a node. */
  members: RecoveryCopy[]
  /** How many members the cluster has, by its databases. */
  size: number
  quorum: number
  /** Cluster ids that other directories of the same token have. */
  disagreeing: string[]
}

/**
 * The generation of a copy: the same token and cluster id, on different nodes, each a member of its own. A directory
 * without its log cannot be started as a member. `nodes`: how many control-plane nodes there are, for databases that
 * name no members.
 */
export function generationOf(copy: RecoveryCopy, copies: readonly RecoveryCopy[], nodes: number): Generation {
  const sameToken = copies.filter(
    ({ token, place }) => place !== 'backup' && token !== undefined && token === copy.token,
  )
  const usable = sameToken.filter((one) => !isUnusable(one) && one.foreign === undefined && one.walIndex !== undefined)
  const own = usable.filter(({ clusterId }) => clusterId !== undefined && clusterId === copy.clusterId)
  const members = distinct(
    distinct(own, ({ node }) => node),
    ({ memberId, node }) => memberId ?? node,
  )
  const size = Math.max(0, ...own.map((one) => one.members?.length ?? 0)) || nodes
  const others = usable.flatMap(({ clusterId }) => (clusterId === copy.clusterId ? [] : [clusterId ?? 'unknown']))
  return { members, size, quorum: Math.floor(size / 2) + 1, disagreeing: [...new Set(others)] }
}

/** A directory that was copied to another node by hand is the same member twice. */
function distinct<T>(all: readonly T[], key: (one: T) => string | undefined): T[] {
  const seen = new Set<string | undefined>()
  return all.filter((one) => !seen.has(key(one)) && seen.add(key(one)))
}
