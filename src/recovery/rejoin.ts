import type { RecoveryCopy } from './copies.ts'

type Known = Pick<RecoveryCopy, 'node' | 'place' | 'serving' | 'named' | 'token' | 'clusterId'>

/**
 * The nodes whose etcd-manager goes on with another cluster than the one that serves: they were away when it was seeded,
 * restored or returned to, and nothing takes them in by itself (FACTS 5). Pure. A node that tells nothing is not named.
 */
export function leftBehind(
  copies: readonly Known[],
  live: { clusterId: string } | undefined,
  nodes: readonly string[],
) {
  if (live === undefined) return []
  const inData = copies.filter(({ place }) => place === 'data')
  const tokens = new Set(inData.filter(({ clusterId }) => clusterId === live.clusterId).map(({ token }) => token))
  return nodes.filter((node) => {
    const own = inData.filter((copy) => copy.node === node && (copy.named === true || copy.serving))
    if (own.length === 0 || own.some(({ clusterId }) => clusterId === live.clusterId)) return false
    return (
      own.some(({ clusterId }) => clusterId !== undefined) ||
      (tokens.size > 0 && !own.some((one) => tokens.has(one.token)))
    )
  })
}
