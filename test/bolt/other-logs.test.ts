import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { crc32c } from '../../src/bolt/crc32c.ts'
import { bufferSource, peekDb } from '../../src/bolt/index.ts'
import { CRC, METADATA } from '../../src/bolt/wal-record.ts'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import { returnMembers } from '../../src/steps/support/members.ts'
import { tryWays } from '../../src/steps/support/mend/try-ways.ts'
import { lossOf } from '../../src/steps/support/mend/way.ts'
import { etcdReleases, fill, newestOfEach, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { describeOn } from '../support/skip.ts'
import { askEtcd, frame, frames, readDir, snapshotting, splitWal, walName } from './log-support.ts'

const releases = newestOfEach(await etcdReleases())

const wal = (dir: string, name = walName(0, 0)) => join(dir, 'member', 'wal', name)
const snapDir = (dir: string) => join(dir, 'member', 'snap')
const db = (dir: string) => join(snapDir(dir), 'db')

/** The same log as of another member: as it lies in the directory of another cluster. */
async function ofAnotherMember(dir: string): Promise<void> {
  let crc = 0
  const pieces = frames(await readFile(wal(dir))).map(({ type, content }) => {
    if (type === CRC) return frame(CRC, crc)
    const data = Buffer.from(content)
    // field 1, a varint: the member's id
    if (type === METADATA) data.writeUInt8((data[1] ?? 0) ^ 1, 1)
    crc = crc32c(crc, data)
    return frame(type, crc, data)
  })
  await writeFile(wal(dir), Buffer.concat([...pieces, Buffer.alloc(4096)]))
}

const dropSnaps = async (dir: string) => {
  for (const name of await readdir(snapDir(dir))) if (name !== 'db') await rm(join(snapDir(dir), name))
}

/** A member names the cluster's version a moment after it started, and 50 puts may be done before. */
const knowsVersion = (dir: string) =>
  vi.waitFor(async () => expect(await peekDb(bufferSource(await readFile(db(dir))))).toHaveProperty('etcdVersion'), {
    timeout: 60_000,
    interval: 50,
  })

describeOn(releases.length === 0 ? noEtcd : undefined, 'logs of others', () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here.clear())

  /** About 150 entries with raft snapshots, and the database as it was after 60. */
  async function makeBase(release: EtcdRelease): Promise<string> {
    const dir = join(here.dir, release.version)
    const wrapped = await snapshotting(release, 50, here.dir)
    for (const puts of [50, 100]) {
      const member = here.keep(await testEtcd().start(wrapped, dir))
      await fill(member, puts)
      await knowsVersion(dir)
      await member.stop()
      if (puts === 50) await cp(db(dir), `${dir}.old`)
    }
    await truncate(wal(dir), 300_000)
    return dir
  }

  for (const release of releases) {
    describe(release.version, () => {
      let base: string
      beforeAll(async () => {
        base = await makeBase(release)
      }, 120_000)

      async function copyOf(change: (dir: string) => Promise<unknown>): Promise<string> {
        const dir = join(here.dir, `${release.version}-case`)
        await rm(dir, { recursive: true, force: true })
        await cp(base, dir, { recursive: true })
        await change(dir)
        return dir
      }

      it('a log of a member that the database does not know is never replayed on it, though it reaches further', async () => {
        const dir = await copyOf(async (copy) => {
          await cp(`${base}.old`, db(copy))
          await dropSnaps(copy)
          await ofAnotherMember(copy)
        })
        const { log, peek } = await readDir(dir)
        const held = peek.consistentIndex
        for (const one of [log, peek.log])
          expect(one).toMatchObject({
            ...{ state: 'damaged', usableTo: held },
            why: expect.stringMatching(/^the log is of member \w+ of cluster \w+, which the database does not know/),
          })
        expect(log).not.toHaveProperty('rebuildsTo')
        // it tells neither whose database this is, nor what comes on top of it
        expect(peek).not.toHaveProperty('clusterId')
        expect(peek).not.toHaveProperty('memberId')
        expect(peek).toMatchObject({ walWrites: 0 })
        const world = { etcd: testEtcd() } as never
        const { signal } = new AbortController()
        const wanted = {
          world,
          release,
          from: dir,
          dataDir: `${dir}.work`,
          isDatabaseSound: true,
          isDurable: false,
          signal,
        }
        await expect(tryWays(wanted).finally(() => returnMembers(world))).rejects.toMatchObject({
          code: 'COPY_CORRUPT',
          message: expect.stringMatching(/which the database does not know/),
        })
      }, 60_000)

      it('a log that begins late, and no raft snapshot that reaches it: etcd refuses it, and a look says so', async () => {
        const dir = await copyOf(async (copy) => {
          await cp(`${base}.old`, db(copy))
          const [first = ''] = await splitWal(copy, [100])
          await rm(wal(copy, first))
          await dropSnaps(copy)
        })
        const { log, peek } = await readDir(dir)
        expect(await askEtcd(release, dir, `${dir}.asked`, { timeoutMs: 20_000 })).toHaveProperty('refused')
        expect(log.state).not.toBe('whole')
        // from 3.7 on the records of the log tell of raft snapshots, and a look does not read them
        if (release.minor === '3.7') return
        expect(peek.log).toMatchObject({
          ...{ state: 'gap', usableTo: peek.consistentIndex },
          why: expect.stringMatching(/^the log begins only at index 100/),
        })
      }, 60_000)

      it('without a database its log tells the version of the cluster, which an etcd of that version makes anew', async () => {
        const dir = await copyOf(async (copy) => rm(db(copy)))
        const { log, peek } = await readDir(dir)
        expect(log.etcdVersion).toBe(`${release.minor}.0`)
        expect(peek.etcdVersion).toBe(`${release.minor}.0`)
      }, 60_000)

      it('a file before what is sound costs nothing that the database does not hold: nobody is asked', async () => {
        const dir = await copyOf(async (copy) => {
          const [, second = ''] = await splitWal(copy, [60, 100])
          await truncate(wal(copy, second), 0)
        })
        const { log } = await readDir(dir)
        expect(log).toMatchObject({ state: 'gap', filesAfter: [] })
        expect(log.filesBefore).toHaveLength(2)
        expect(lossOf(log)).toBeUndefined()
        expect(lossOf({ ...log, filesAfter: ['x'] })).toMatch(/is lost/)
      }, 60_000)
    })
  }
})
