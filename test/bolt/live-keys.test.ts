import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFileSource, peekDb } from '../../src/bolt/index.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'
import { etcdReleases, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { describeOn } from '../support/skip.ts'
import { dbOf, etcdctl } from './support.ts'

const newest = (await etcdReleases()).at(-1)
const etcd = testEtcd()

describeOn(newest === undefined ? noEtcd : undefined, 'keys that are there', () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here?.clear())

  async function put(member: LocalMember, from: number, to: number, bytes = 300): Promise<void> {
    for (let at = from; at < to; at += 200)
      await Promise.all(
        Array.from({ length: Math.min(200, to - at) }, (_, next) =>
          member.client.put(`/registry/pods/ns/p${String(at + next).padStart(6, '0')}`, 'x'.repeat(bytes)),
        ),
      )
  }

  /** What a look says, and what etcd says, after `live`. */
  async function looked(name: string, live: (member: LocalMember) => Promise<void>) {
    if (newest === undefined) throw new Error(noEtcd)
    const member = here.keep(await etcd.start(newest, join(here.dir, name), { isDurable: false }))
    await live(member)
    const keys = await member.client.count()
    await member.stop()
    const source = await openFileSource(dbOf(member))
    let bytes = 0
    const read = (offset: number, length: number) => {
      bytes += length
      return source.read(offset, length)
    }
    const { liveKeys = -1, differentKeys = -1 } = await peekDb({ size: source.size, read })
    await source.close()
    expect(bytes).toBeLessThan(1_000_000)
    return { keys, liveKeys, differentKeys }
  }

  test('none is left of thousands that were deleted together', async () => {
    const { keys, liveKeys, differentKeys } = await looked('deleted', async (member) => {
      await put(member, 0, 6000)
      await etcdctl(member, 'del', '--prefix', '/registry/pods/')
    })
    expect(keys).toBe(0)
    expect(liveKeys).toBeLessThan(300)
    // what was counted before
    expect(differentKeys).toBeGreaterThan(3000)
  }, 60_000)

  test('half of them, deleted in between, leave the other half', async () => {
    const { keys, liveKeys } = await looked('half', async (member) => {
      await put(member, 0, 2000)
      await etcdctl(member, 'del', '--prefix', '/registry/pods/ns/p0010')
      await put(member, 2000, 4000)
      await etcdctl(member, 'del', '--prefix', '/registry/pods/ns/p000')
      await etcdctl(member, 'del', '--prefix', '/registry/pods/ns/p003')
    })
    expect(keys).toBe(1900)
    expect(liveKeys).toBeGreaterThan(0.75 * keys)
    expect(liveKeys).toBeLessThan(1.25 * keys)
  }, 60_000)

  test('one that was deleted and made again is one, also behind a compaction', async () => {
    const { keys, liveKeys } = await looked('again', async (member) => {
      for (let round = 0; round < 3; round++) {
        await put(member, 0, 1000)
        await etcdctl(member, 'del', '--prefix', '/registry/pods/')
      }
      await put(member, 0, 1000)
      await etcdctl(member, 'compact', '--physical', '1500')
    })
    expect(keys).toBe(1000)
    expect(liveKeys).toBeGreaterThan(750)
    expect(liveKeys).toBeLessThan(1250)
  }, 60_000)

  test('a few keys are counted one by one', async () => {
    const { keys, liveKeys } = await looked('few', async (member) => {
      await put(member, 0, 60)
      await put(member, 0, 30)
      await etcdctl(member, 'del', '--prefix', '/registry/pods/ns/p00001')
      await member.client.put('/registry/secrets/ns/big', Buffer.alloc(100_000, 'big'))
    })
    expect(keys).toBe(51)
    expect(liveKeys).toBe(51)
  })
})
