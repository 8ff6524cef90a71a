import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bufferSource, checkDb, openFileSource, peekDb, peekWal, scanWal } from '../../src/bolt/index.ts'
import { etcdReleases, fill, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { dbOf, liveALittle, walOf } from './support.ts'

const releases = await etcdReleases()
const etcd = testEtcd()

describe.skipIf(releases.length === 0)(`databases of real etcds (${releases.length === 0 ? noEtcd : 'set up'})`, () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here.clear())

  for (const release of releases) {
    it(`${release.version}: says what etcd says`, async () => {
      const member = here.keep(await etcd.start(release, join(here.dir, release.version)))
      const said = await liveALittle(member)
      await member.stop()
      const source = await openFileSource(dbOf(member))
      const peek = await peekDb(source)
      const live = new Map<string, number>()
      const scan = await checkDb(source, {
        onLive: ({ key, value }) => void live.set(key.toString('latin1'), value.length),
      })
      await source.close()

      expect(peek).toMatchObject({
        revision: said.revision,
        compactRevision: said.compacted,
        findings: [],
        guess: 'main',
      })
      expect(peek.etcdVersion?.split('.').slice(0, 2).join('.')).toBe(release.minor)
      expect(peek.members).toEqual([expect.objectContaining({ id: said.memberId })])
      expect(peek.consistentIndex).toBeGreaterThan(said.revision)
      expect(scan).toMatchObject({
        revision: said.revision,
        keys: said.keys,
        compactRevision: said.compacted,
        findings: [],
      })
      expect(scan.tombstones).toBeGreaterThan(0)
      expect(live.size).toBe(said.keys)
      expect(live.get('/registry/secrets/ns/big')).toBe(200_000)
      expect(live.has('/registry/pods/ns/p200')).toBe(false)
      expect(scan.sizeInUseBytes).toBeLessThanOrEqual(source.size)
    })

    it(`${release.version}: a killed member's WAL holds what the database lacks`, async () => {
      const member = here.keep(await etcd.start(release, join(here.dir, `${release.version}-killed`)))
      await fill(member, 200)
      const said = await member.client.status()
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      const db = bufferSource(await readFile(dbOf(member)))
      const { revision = 0, consistentIndex = 0 } = await peekDb(db)
      const content = await readFile(walOf(member))
      const wal = await scanWal(bufferSource(content), { afterIndex: consistentIndex })

      expect(peekWal(content.subarray(0, 256))).toEqual({ memberId: said.memberId, clusterId: said.clusterId })
      expect(wal).toMatchObject({ memberId: said.memberId, clusterId: said.clusterId, end: 'clean', findings: [] })
      expect(wal.lastIndex).toBeGreaterThanOrEqual(said.raftIndex)
      expect(revision).toBeLessThanOrEqual(said.revision)
      expect(revision + wal.writesAfter).toBe(said.revision)
    })
  }

  const newest = releases.at(-1)
  it(`${newest?.version}: thousands of keys, in less than a megabyte`, async () => {
    if (!newest) throw new Error(noEtcd)
    const member = here.keep(await etcd.start(newest, join(here.dir, 'thousands')))
    await fill(member, 4000, 600)
    const said = { ...(await member.client.status()), keys: await member.client.count() }
    await member.stop()
    const source = await openFileSource(dbOf(member))
    let bytes = 0
    const counted = {
      size: source.size,
      read: (offset: number, length: number) => {
        bytes += length
        return source.read(offset, length)
      },
    }
    const peek = await peekDb(counted)
    const scan = await checkDb(source)
    await source.close()
    expect(bytes).toBeLessThan(1_000_000)
    expect(peek.revision).toBe(said.revision)
    expect(peek.revisionsKept).toBeGreaterThan(0.7 * scan.revisions)
    expect(peek.revisionsKept).toBeLessThan(1.4 * scan.revisions)
    expect(scan).toMatchObject({ keys: said.keys, revision: said.revision, revisions: said.revision - 1 })
  })
})
