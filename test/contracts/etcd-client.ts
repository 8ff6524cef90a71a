import { describe, expect, it } from 'vitest'
import type { EtcdClient, KeyValue } from '../../src/ports/etcd.ts'

export interface ClientUnderTest {
  client: EtcdClient
  close(): Promise<void>
}

/** What every `EtcdClient` does, real or not. `open` gives one of a new, empty member. */
export function etcdClientContract(name: string, open: () => Promise<ClientUnderTest>): void {
  describe(`etcd client contract: ${name}`, () => {
    it('puts, gets, counts and overwrites', () =>
      withClient(async (client) => {
        expect(await client.get('/a')).toBeUndefined()
        await client.put('/a', 'one')
        await client.put('/b', Buffer.from([0, 255, 10]))
        await client.put('/a', 'two')
        expect(await client.get('/a')).toMatchObject({ value: Buffer.from('two'), version: 2, lease: '0' })
        expect((await client.get('/b'))?.value).toEqual(Buffer.from([0, 255, 10]))
        expect(await client.count()).toBe(2)
        expect(await client.count({ prefix: '/a' })).toBe(1)
      }))

    it('tells its status', () =>
      withClient(async (client) => {
        const before = await client.status()
        await client.put('/a', 'one')
        const after = await client.status()
        expect(after.version).toMatch(/^\d+\.\d+\.\d+/)
        expect(after.clusterId).toMatch(/^[0-9a-f]+$/)
        expect(after.leaderId).toBe(after.memberId)
        expect(after.revision).toBe(before.revision + 1)
        expect(after.dbSizeBytes).toBeGreaterThan(0)
        expect((await client.members()).map(({ id }) => id)).toEqual([after.memberId])
      }))

    it('ranges over all keys in order, over prefixes, and without values', () =>
      withClient(async (client) => {
        const names = Array.from({ length: 120 }, (_, at) => `/k/${String(at).padStart(3, '0')}`)
        await Promise.all(names.toReversed().map((key) => client.put(key, `value of ${key}`)))
        await client.put('/j', 'before')
        await client.put(Buffer.from([0x2f, 0x6b, 0xff]), 'a key that is no text')
        const all = await collect(client.range())
        expect(all.map(({ key }) => key.toString('latin1'))).toEqual(['/j', ...names, '/k\xff'])
        const some = await collect(client.range({ prefix: '/k/' }))
        expect(some.map(({ key }) => key.toString())).toEqual(names)
        expect(some[7]?.value.toString()).toBe('value of /k/007')
        const bare = await collect(client.range({ prefix: '/k/', keysOnly: true }))
        expect(bare.every(({ value }) => value.length === 0)).toBe(true)
        expect(await collect(client.range({ prefix: '/none' }))).toEqual([])
      }))

    it('reads all pages at one revision, whatever is written meanwhile', () =>
      withClient(async (client) => {
        for (let at = 100; at < 180; at += 1) await client.put(`/k/${at}`, 'old')
        const { revision } = await client.status()
        const seen: KeyValue[] = []
        for await (const kv of client.range()) {
          if (seen.length === 0) for (let at = 100; at < 190; at += 1) await client.put(`/k/${at}`, 'new')
          seen.push(kv)
        }
        expect(seen.length).toBe(80)
        expect(new Set(seen.map(({ value }) => value.toString()))).toEqual(new Set(['old']))
        expect(await client.count({ revision })).toBe(80)
        expect((await collect(client.range({ revision }))).length).toBe(80)
        expect(await client.count()).toBe(90)
      }))

    it('deletes a key only while it is unchanged', () =>
      withClient(async (client) => {
        await client.put('/a', 'one')
        const kv = await client.get('/a')
        await client.put('/a', 'two')
        expect(await client.deleteIfUnchanged(Buffer.from('/a'), kv?.modRevision ?? 0)).toBe(false)
        const now = await client.get('/a')
        expect(await client.deleteIfUnchanged(Buffer.from('/a'), now?.modRevision ?? 0)).toBe(true)
        expect(await client.get('/a')).toBeUndefined()
        expect(await client.deleteIfUnchanged(Buffer.from('/a'), now?.modRevision ?? 0)).toBe(false)
      }))

    it('has no alarms, and hashes what it holds up to a revision', () =>
      withClient(async (client) => {
        await client.put('/a', 'one')
        const { revision } = await client.status()
        const before = await client.hashKv(revision)
        await client.put('/a', 'two')
        expect(await client.hashKv(revision)).toEqual(before)
        expect((await client.hashKv(revision + 1)).hash).not.toBe(before.hash)
        await expect(client.hashKv(revision + 2)).rejects.toMatchObject({ code: 'ETCD_FAILED', message: /future/ })
        expect(await client.alarms()).toEqual([])
      }))

    it('forgets what was compacted, and says so', () =>
      withClient(async (client) => {
        await client.put('/a', 'one')
        await client.put('/a', 'two')
        const { revision } = await client.status()
        await client.put('/b', 'three')
        await client.compact(revision)
        await client.defragment()
        const old = { revision: revision - 1 }
        await expect(client.count(old)).rejects.toMatchObject({ code: 'ETCD_FAILED', message: /compacted/ })
        await expect(client.hashKv(revision - 1)).rejects.toMatchObject({ message: /compacted/ })
        expect(await client.count({ revision })).toBe(1)
        expect((await client.hashKv(revision + 1)).compactRevision).toBe(revision)
      }))

    it('stops a range when its signal fires', () =>
      withClient(async (client) => {
        for (let at = 0; at < 60; at += 1) await client.put(`/k/${at}`, 'x')
        const stop = new AbortController()
        const reading = (async () => {
          for await (const _ of client.range({ signal: stop.signal })) stop.abort()
        })()
        await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
      }))

    async function withClient(body: (client: EtcdClient) => Promise<void>): Promise<void> {
      const { client, close } = await open()
      try {
        await body(client)
      } finally {
        await close()
      }
    }
  })
}

async function collect(range: AsyncIterable<KeyValue>): Promise<KeyValue[]> {
  const all: KeyValue[] = []
  for await (const kv of range) all.push(kv)
  return all
}
