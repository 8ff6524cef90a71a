import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crc32c } from '../../src/bolt/crc32c.ts'
import { bufferSource, readMemberLog, scanWal, stateRecord, walTail } from '../../src/bolt/index.ts'
import { ENTRY } from '../../src/bolt/wal-record.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'
import { etcdReleases, fill, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { frame, frames, walName } from './log-support.ts'

const releases = await etcdReleases()

/** The tail says what the whole says. Gives how it was found out. */
async function agree(wal: Buffer) {
  const whole = await scanWal(bufferSource(wal))
  const tail = await walTail(bufferSource(wal))
  const { lastIndex, lastTerm, term, commit, end, usedBytes, lastCrc, memberId, clusterId } = whole
  expect(tail).toMatchObject({ end, usedBytes, lastCrc, memberId, clusterId })
  expect([tail.lastIndex, tail.lastTerm, tail.term, tail.commit]).toEqual([lastIndex, lastTerm, term, commit])
  return { ...tail, whole }
}

async function walFiles(member: LocalMember): Promise<Buffer[]> {
  const dir = join(member.dataDir, 'member', 'wal')
  const names = (await readdir(dir)).filter((name) => name.endsWith('.wal')).sort()
  return Promise.all(names.map((name) => readFile(join(dir, name))))
}

describe.skipIf(releases.length === 0)(`the end of a WAL (${releases.length === 0 ? noEtcd : 'real etcds'})`, () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here.clear())

  for (const release of releases) {
    it(`${release.version}: equals the whole file's, killed under load, in several files, with large values`, async () => {
      const member = here.keep(await testEtcd().start(release, join(here.dir, release.version)))
      await fill(member, 1500, 1000)
      const put = (at: number, bytes: number) =>
        member.client.put(`/registry/large/${at}`, Buffer.alloc(bytes, `${at} `))
      for (let at = 0; at < 66; at++) await put(at, 1_000_000)
      // one more file was begun; zeros in the middle of it
      await member.client.put('/registry/zeros', Buffer.alloc(700_000))
      for (let at = 0; at < 5; at++) await put(at, 1_000_000)
      await fill(member, 1600, 300)
      const load = fill(member, 3000, 200).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 150))
      process.kill(member.pid, 'SIGKILL')
      await member.stop()
      await load

      const files = await walFiles(member)
      expect(files.length).toBeGreaterThan(1)
      const results = await Promise.all(files.map(agree))
      const last = results.at(-1)
      expect(last).toMatchObject({ method: 'tail', end: 'clean' })
      expect(last?.bytesRead).toBeLessThan(256 * 1024)
      const cut = files.at(-1) as Buffer
      await justCut(cut)
      await torn(cut)
    }, 60_000)
  }

  /** What etcd leaves when it has just begun a file: CRC, metadata and hard state, then zeros. */
  async function justCut(wal: Buffer) {
    const whole = await scanWal(bufferSource(wal))
    const head = Buffer.alloc(wal.length)
    // the first two records are the CRC and the metadata
    let at = 0
    for (let record = 0; record < 2; record++) at += 8 + wal.readUInt32LE(at) + ((wal[at + 7] ?? 0) & 7)
    wal.copy(head, 0, 0, at)
    const { lastCrc } = await scanWal(bufferSource(head))
    stateRecord({ term: 3, commit: 9, previousCrc: lastCrc }).copy(head, at)
    const tail = await agree(head)
    expect(tail).toMatchObject({ method: 'full', end: 'clean', term: 3, commit: 9, clusterId: whole.clusterId })
    expect(tail.bytesRead).toBeLessThan(256 * 1024)
  }

  /** The last record cut in a sector, or damaged: told as by the full scan, which then was made. */
  async function torn(wal: Buffer) {
    const { usedBytes } = await scanWal(bufferSource(wal))
    for (const back of [8, 40, 200, 5000]) {
      const copy = Buffer.from(wal).fill(0, usedBytes - back)
      await agree(copy)
    }
    const flipped = Buffer.from(wal)
    flipped.writeUInt8((flipped[usedBytes - 30] ?? 0) ^ 4, usedBytes - 30)
    expect(await agree(flipped)).toMatchObject({ method: 'full' })
  }

  it('counts the writes after the database, and says when it did not see all', async () => {
    const [release] = releases.slice(-1)
    if (!release) throw new Error(noEtcd)
    const member = here.keep(await testEtcd().start(release, join(here.dir, 'counted')))
    await fill(member, 4000, 600)
    const { raftIndex } = await member.client.status()
    await member.stop()
    const [wal = Buffer.alloc(0)] = await walFiles(member)
    const afterIndex = raftIndex - 500
    const tail = await walTail(bufferSource(wal), { afterIndex })
    expect(tail).toMatchObject({ method: 'tail', writesExact: true })
    expect(tail.writesAfter).toBe((await scanWal(bufferSource(wal), { afterIndex })).writesAfter)
    expect(await walTail(bufferSource(wal), { afterIndex: 0 })).toMatchObject({ method: 'tail', writesExact: false })
  }, 30_000)

  it('a write that a later record of the same index replaces is not counted, nor in the whole log', async () => {
    const [release] = releases.slice(-1)
    if (!release) throw new Error(noEtcd)
    const member = here.keep(await testEtcd().start(release, join(here.dir, 'replaced')))
    await fill(member, 200)
    await member.stop()
    const [wal = Buffer.alloc(0)] = await walFiles(member)
    const { usedBytes, lastCrc, lastIndex = 0, writesAfter } = await scanWal(bufferSource(wal), { afterIndex: 100 })
    // as a new leader: the last three entries anew, of which the last one never came
    let crc = lastCrc
    const again = frames(wal)
      .filter(({ type, index }) => type === ENTRY && index > lastIndex - 3 && index < lastIndex)
      .map(({ content }) => {
        crc = crc32c(crc, content)
        return frame(ENTRY, crc, content)
      })
    expect(again).toHaveLength(2)
    const log = Buffer.concat([wal.subarray(0, usedBytes), ...again, Buffer.alloc(4096)])
    const whole = await scanWal(bufferSource(log), { afterIndex: 100 })
    expect(whole).toMatchObject({ end: 'clean', lastIndex: lastIndex - 1, writesAfter: writesAfter - 1 })
    expect(await walTail(bufferSource(log), { afterIndex: 100 })).toMatchObject({ writesAfter: writesAfter - 1 })
    const files = { wal: [{ name: walName(0, 0), source: bufferSource(log) }], snap: [] }
    expect(await readMemberLog({ consistentIndex: 100 }, files)).toMatchObject({ writesAfter: writesAfter - 1 })
  }, 30_000)

  it('is not led astray by a log within a value', async () => {
    const [release] = releases.slice(-1)
    if (!release) throw new Error(noEtcd)
    const member = here.keep(await testEtcd().start(release, join(here.dir, 'astray')))
    await fill(member, 300)
    const log = await readFile(join(member.dataDir, 'member/wal/0000000000000000-0000000000000000.wal'))
    const { usedBytes } = await scanWal(bufferSource(log))
    for (let pad = 0; pad < 8; pad++) {
      const value = Buffer.concat([Buffer.alloc(pad, 'x'), log.subarray(0, usedBytes), Buffer.alloc(64)])
      await member.client.put('/registry/log', Buffer.concat([value, value]))
    }
    await member.stop()
    const files = await walFiles(member)
    for (const file of files) await agree(file)
  }, 30_000)
})
