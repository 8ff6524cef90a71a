import type { Gateway } from './etcd/gateway.ts'
import { clusterIdNow, currentRevision, hex, listMembers } from './etcd/kv.ts'

/** What tells one incarnation of an etcd cluster from another. Ids are lower-case hex, as etcd prints them. */
export interface Identity {
  clusterId: string
  /** Sorted. */
  memberIds: string[]
  /** Of a linearizable read. */
  revision: number
}

export async function identityOf(gateway: Gateway): Promise<Identity> {
  const members = await listMembers(gateway)
  return {
    clusterId: await clusterIdNow(gateway),
    memberIds: members.map(({ ID }) => hex(ID)).sort(),
    revision: await currentRevision(gateway),
  }
}
