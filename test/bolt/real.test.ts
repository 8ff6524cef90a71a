import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bufferSource, checkDb, openFileSource, peekDb, peekWal, scanWal } from '../../src/bolt/index.ts'
import { etcdReleases, fill, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { dbOf, etcdctl, liveALittle, walOf } from './support.ts'

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

    it(`${release.version}: what members tell each other of themselves is in the WAL, and no write`, async () => {
      const member = here.keep(await etcd.start(release, join(here.dir, `${release.version}-new`)))
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      const wal = await scanWal(bufferSource(await readFile(walOf(member))))
      expect(wal.entries).toBeGreaterThan(1)
      expect(wal.writesAfter).toBe(0)
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
    expect(peek.differentKeys).toBe(peek.revisionsKept)
    expect(scan).toMatchObject({ keys: said.keys, revision: said.revision, revisions: said.revision - 1 })
  })

  it(`${newest?.version}: one that is written while it is read is called that, never damaged`, async () => {
    if (!newest) throw new Error(noEtcd)
    const member = here.keep(await etcd.start(newest, join(here.dir, 'moving')))
    await fill(member, 500)
    let isWriting = true
    const writer = (async () => {
      // so little that the file does not grow: its size is what it was when it was opened
      while (isWriting) await fill(member, 20, 100)
    })()
    const peeks = []
    for (let round = 0; round < 5; round++) {
      const file = await openFileSource(dbOf(member))
      const read = async (offset: number, length: number) => {
        await new Promise((resolve) => setTimeout(resolve, 60))
        return file.read(offset, length)
      }
      peeks.push(await peekDb({ size: file.size, read }))
      await file.close()
    }
    isWriting = false
    await writer
    for (const { findings } of peeks) expect(findings.filter((one) => !one.startsWith('an etcd writes'))).toEqual([])
    const still = await peekDb(bufferSource(await readFile(dbOf(member))))
    await member.stop()
    expect(still.findings.filter((one) => one.startsWith('an etcd writes'))).toEqual([])
  }, 60_000)

  it(`${newest?.version}: few keys that are written again and again are few, also after a compaction`, async () => {
    if (!newest) throw new Error(noEtcd)
    const member = here.keep(await etcd.start(newest, join(here.dir, 'again')))
    for (let round = 0; round < 150; round++)
      await Promise.all(
        Array.from({ length: 20 }, (_, at) => member.client.put(`/registry/leases/ns/${at}`, 'x'.repeat(300))),
      )
    const uncompacted = join(here.dir, 'again.db')
    await new Promise((resolve) => setTimeout(resolve, 500))
    await copyFile(dbOf(member), uncompacted)
    await etcdctl(member, 'compact', '--physical', '1500')
    await member.stop()
    for (const path of [uncompacted, dbOf(member)]) {
      const source = await openFileSource(path)
      const { revisionsKept = 0, differentKeys = 0 } = await peekDb(source)
      await source.close()
      expect(revisionsKept).toBeGreaterThan(1000)
      expect(differentKeys).toBeGreaterThan(0)
      expect(differentKeys).toBeLessThan(300)
    }
  }, 60_000)
})
