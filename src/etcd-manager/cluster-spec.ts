import type { Fields } from './protojson.ts'

/** What the cluster is meant to be: the content of `control/etcd-cluster-spec`, also part of metas and commands. */
export interface ClusterSpec {
  memberCount: number
  /** Like `3.5.30`. */
  etcdVersion: string
}

export const clusterSpecFields = { memberCount: 'int32', etcdVersion: 'string' } as const satisfies Fields

/** The spec if it is whole. Throws a plain `Error` otherwise: proto3 leaves absent what nobody wrote. */
export function wholeSpec(message: { memberCount?: number; etcdVersion?: string }): ClusterSpec {
  const { memberCount, etcdVersion } = message
  if (memberCount === undefined || memberCount < 1) throw new Error('memberCount is missing')
  if (!etcdVersion) throw new Error('etcdVersion is missing')
  return { memberCount, etcdVersion }
}
