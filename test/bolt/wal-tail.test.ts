import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bufferSource, type PageSource, peekDb, scanWal, walTail } from '../../src/bolt/index.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'
import { etcdReleases, fill, newestOfEach, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { dbOf, randomSource, walOf } from './support.ts'

const releases = newestOfEach(await etcdReleases())
const etcd = testEtcd()

/** Counts what is read. */
function counted(source: PageSource): PageSource & { bytes(): number } {
  let bytes = 0
  return {
    size: source.size,
    bytes: () => bytes,
    read: (offset, length) => {
      bytes += length
      return source.read(offset, length)
    },
  }
}

async function newestWal(member: LocalMember): Promise<Buffer> {
  const dir = join(member.dataDir, 'member', 'wal')
  const names = (await readdir(dir)).filter((name) => name.endsWith('.wal')).sort()
  return readFile(join(dir, names.at(-1) ?? ''))
}

describe.skipIf(releases.length === 0)(`the end of WALs (${releases.length === 0 ? noEtcd : 'set up'})`, () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here.clear())

  for (const release of releases) {
    it(`${release.version}: killed under load, the same as the whole file, from a small part of it`, async () => {
      const member = here.keep(await etcd.start(release, join(here.dir, release.version)))
      await fill(member, 2000, 900)
      const writing = fill(member, 2000, 300).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 150))
      process.kill(member.pid, 'SIGKILL')
      await writing
      await member.stop()
      const { consistentIndex = 0 } = await peekDb(bufferSource(await readFile(dbOf(member))))
      const wal = bufferSource(await readFile(walOf(member)))
      const source = counted(wal)
      const tail = await walTail(source, { afterIndex: consistentIndex })
      const whole = await scanWal(wal, { afterIndex: consistentIndex })
      const { lastIndex, lastTerm, usedBytes, end, writesAfter, memberId, clusterId } = whole
      expect(tail).toMatchObject({ lastIndex, lastTerm, usedBytes, end, writesAfter, memberId, clusterId })
      expect(tail.whole).toBe(false)
      expect(source.bytes()).toBeLessThan(512 * 1024)
    })
  }

  const newest = releases.at(-1)
  it(`${newest?.version}: values of a megabyte, also of zeros, and a file that was just begun`, async () => {
    if (!newest) throw new Error(noEtcd)
    const member = here.keep(await etcd.start(newest, join(here.dir, 'large')))
    await member.client.put('/zeros', Buffer.alloc(1_200_000))
    await sameAsWhole(await newestWal(member))
    await fill(member, 300, 800)
    await member.client.put('/zeros', Buffer.alloc(1_200_000))
    await fill(member, 300, 800)
    await sameAsWhole(await newestWal(member))
    // until it goes on in a second file, of 64 MB each
    for (let at = 0; at < 56; at++) await member.client.put('/large', Buffer.alloc(1_200_000, `v${at}`))
    await sameAsWhole(await newestWal(member))
    await member.stop()
  }, 120_000)

  it('bytes that are no WAL, and WALs cut anywhere: what the whole file says, or nothing worse', async () => {
    if (!newest) throw new Error(noEtcd)
    const member = here.keep(await etcd.start(newest, join(here.dir, 'cut')))
    await fill(member, 1500, 500)
    await member.stop()
    const wal = await newestWal(member)
    const { usedBytes } = await scanWal(bufferSource(wal))
    const next = randomSource(11)
    for (let at = 0; at < 60; at++) {
      const cut = Buffer.from(wal.subarray(0, usedBytes + 4096))
      cut.fill(0, next(usedBytes))
      await sameAsWhole(cut)
      await sameAsWhole(wal.subarray(0, next(usedBytes)))
    }
    for (const junk of [Buffer.alloc(0), Buffer.alloc(100_000), Buffer.alloc(100_000, 0xff), Buffer.from('short')])
      await sameAsWhole(junk)
  }, 60_000)
})

async function sameAsWhole(content: Buffer): Promise<void> {
  const whole = await scanWal(bufferSource(content))
  const tail = await walTail(bufferSource(content))
  const { lastIndex, lastTerm, end, usedBytes } = whole
  expect({ ...tail }).toMatchObject({ end, usedBytes, ...(lastIndex === undefined ? {} : { lastIndex, lastTerm }) })
}
