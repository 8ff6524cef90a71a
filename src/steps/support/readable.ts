import { toRescueError } from '../../errors/rescue-error.ts'
import type { EtcdClient } from '../../ports/etcd.ts'

/**
 * What this etcd stands at, and whether it has compacted the revision that is asked for away. One that does not answer says
 * nothing about it: its error is thrown.
 */
export async function reachOf(client: EtcdClient, wanted: number): Promise<{ revision: number; isCompacted: boolean }> {
  const { revision } = await client.status()
  try {
    await client.count({ prefix: '/registry/namespaces/', revision: Math.min(wanted, revision) })
    return { revision, isCompacted: false }
  } catch (error) {
    if (!isCompaction(error)) throw error
    return { revision, isCompacted: true }
  }
}

/** etcd's own words, the same since 3.0. */
export const isCompaction = (error: unknown): boolean => toRescueError(error).message.includes('has been compacted')
