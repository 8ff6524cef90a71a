import type { KeyValue } from '../ports/etcd.ts'
import { defineStep } from './define.ts'

const PREFIX = '/registry/masterleases/'

/**
 * The restore takes all leases away, so masterleases never expire, and `kubernetes.default` keeps the addresses of API
 * servers that are gone (FACTS 4; kubernetes/kubernetes 86812). A key without a lease is stale: a living API server has
 * written its own again, with one. Deleted only while unchanged.
 */
export const cleanUpLeases = defineStep<'verified'>({
  id: 'clean-up-leases',
  title: 'remove masterleases that would never expire',
  effect: 'change',
  needs: ['verified'],
  describe: () => ({ reads: [PREFIX], changes: [`keys below ${PREFIX} that have no lease`] }),
  act: async ({ world, once, note, signal }) => {
    const client = await world.live.connect()
    try {
      const stale: KeyValue[] = []
      for await (const kv of client.range({ prefix: PREFIX, signal })) if (kv.lease === '0') stale.push(kv)
      await once('removed', () => stale.map(({ key, value }) => [key.toString('base64'), value.toString('base64')]))
      let removed = 0
      for (const { key, modRevision } of stale) if (await client.deleteIfUnchanged(key, modRevision)) removed++
      note(`stale masterleases removed: ${removed}`)
      return {}
    } finally {
      await client.close()
    }
  },
  undo: async ({ world, recall }) => {
    const removed = recall('removed') as [string, string][] | undefined
    if (!removed?.length) return
    const client = await world.live.connect()
    try {
      for (const [key, value] of removed) await client.put(Buffer.from(key, 'base64'), Buffer.from(value, 'base64'))
    } finally {
      await client.close()
    }
  },
})
