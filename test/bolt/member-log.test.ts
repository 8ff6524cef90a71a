import { cp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LogState } from '../../src/bolt/index.ts'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import { etcdReleases, fill, newestOfEach, noEtcd, scene, testEtcd } from '../support/etcd.ts'
import { describeOn } from '../support/skip.ts'
import { askEtcd, frames, mend, readDir, snapshotting, splitWal, walName } from './log-support.ts'

const releases = newestOfEach(await etcdReleases())

interface Fault {
  name: string
  /** Changes a copy of the directory. */
  make(dir: string, base: Base): Promise<unknown>
  state: LogState
  /** What the finding says. */
  says?: RegExp
  /** Does the real etcd serve it? `old`: up to 3.5, and later ones wait for ever. */
  starts: boolean | 'old'
  /** Everything comes back from a mended copy, else the database alone does. `files`: where raft snapshots are files. */
  mends?: boolean | 'files'
}

/** Of these, what comes back is in the log and not in the database. */
const REPLAYED = new Set<LogState>(['database-lost', 'snapshot-ahead'])

interface Base {
  dir: string
  oldDb: string
  lastIndex: number
  revision: number
  oldRevision: number
}

const wal = (dir: string, name = walName(0, 0)) => join(dir, 'member', 'wal', name)
const snapDir = (dir: string) => join(dir, 'member', 'snap')
const db = (dir: string) => join(snapDir(dir), 'db')
const snaps = async (dir: string) => (await readdir(snapDir(dir))).filter((name) => name.endsWith('.snap')).sort()

async function edit(path: string, at: number, bytes: Buffer) {
  const handle = await open(path, 'r+')
  await handle.write(bytes, 0, bytes.length, at)
  await handle.close()
}

async function flip(path: string, at: number) {
  const content = await readFile(path)
  await edit(path, at, Buffer.from([(content[at] ?? 0) ^ 1]))
}

const used = async (path: string) => frames(await readFile(path))

async function inEntry(dir: string, share: number) {
  const all = await used(wal(dir))
  const one = all[Math.floor(all.length * share)]
  return (one?.next ?? 0) - 12
}

const faults: Fault[] = [
  { name: 'sound', make: async () => {}, state: 'whole', starts: true },
  {
    name: 'cut at the end of what is used',
    make: async (dir) => truncate(wal(dir), (await used(wal(dir))).at(-1)?.next),
    state: 'whole',
    starts: true,
  },
  {
    name: 'a bit flipped in an old record',
    make: async (dir) => flip(wal(dir), await inEntry(dir, 0.5)),
    state: 'damaged',
    says: /CRC of a record is wrong: etcd refuses/,
    starts: false,
    mends: false,
  },
  {
    name: 'a bit flipped in the first record',
    make: async (dir) => flip(wal(dir), 11),
    state: 'damaged',
    starts: false,
    mends: false,
  },
  {
    name: 'a bit flipped in the metadata',
    make: async (dir) => flip(wal(dir), ((await used(wal(dir)))[1]?.offset ?? 0) + 18),
    state: 'damaged',
    starts: false,
    mends: false,
  },
  {
    name: 'a half record at the end',
    make: async (dir) => {
      const { next = 0 } = (await used(wal(dir))).at(-1) ?? {}
      const frame = Buffer.alloc(120, 0x99)
      frame.writeUInt32LE(1200, 0)
      frame.writeUInt32LE(0, 4)
      await edit(wal(dir), next, frame)
    },
    state: 'ends-torn',
    says: /as after a power cut/,
    starts: true,
  },
  {
    name: 'a half record at the end of a file without zeros',
    make: async (dir) => truncate(wal(dir), ((await used(wal(dir))).at(-1)?.next ?? 0) - 3),
    state: 'ends-torn',
    starts: true,
  },
  {
    name: 'odd bytes at the end',
    make: async (dir) => {
      const { next = 0 } = (await used(wal(dir))).at(-1) ?? {}
      await truncate(wal(dir), next)
      await writeFile(wal(dir), 'abc', { flag: 'a' })
    },
    state: 'ends-torn',
    starts: true,
  },
  {
    name: 'a hole in the middle',
    make: async (dir) => {
      const all = await used(wal(dir))
      const one = all[Math.floor(all.length / 2)]
      await edit(wal(dir), one?.offset ?? 0, Buffer.alloc((one?.next ?? 0) - (one?.offset ?? 0)))
    },
    state: 'damaged',
    says: /hole of zeros/,
    starts: 'old',
    mends: false,
  },
  {
    name: 'the database older than the raft snapshots',
    make: async (dir, { oldDb }) => cp(oldDb, db(dir)),
    state: 'snapshot-ahead',
    says: /beyond the database .* (without that snapshot the log can be replayed|where none can be set aside)/,
    starts: false,
    mends: 'files',
  },
  {
    name: 'no database',
    make: async (dir) => rm(db(dir)),
    state: 'database-lost',
    says: /no database \(there is no database file\); (the WAL is whole from index 0 and reaches|none can be made)/,
    starts: false,
    mends: 'files',
  },
  {
    name: 'a database of 0 bytes',
    make: async (dir) => truncate(db(dir), 0),
    state: 'database-lost',
    starts: false,
    mends: 'files',
  },
  {
    name: 'a database of zeros',
    make: async (dir) => writeFile(db(dir), Buffer.alloc(65536)),
    state: 'database-lost',
    starts: false,
    mends: 'files',
  },
  {
    name: 'several files',
    make: async (dir) => splitWal(dir, [100, 200]),
    state: 'whole',
    starts: true,
  },
  {
    name: 'several files, the oldest purged',
    make: async (dir) => rm(wal(dir, (await splitWal(dir, [100, 200]))[0])),
    state: 'whole',
    starts: true,
  },
  {
    name: 'several files, one in the middle missing',
    make: async (dir) => rm(wal(dir, (await splitWal(dir, [100, 200]))[1])),
    state: 'gap',
    says: /missing: etcd refuses/,
    starts: false,
  },
  {
    name: 'several files, damaged in the oldest',
    make: async (dir) => {
      const [first = ''] = await splitWal(dir, [100, 200])
      await flip(wal(dir, first), await inEntry(dir, 0.5))
    },
    state: 'damaged',
    says: /can be replayed up to/,
    starts: false,
  },
  {
    name: 'several files, a number twice',
    make: async (dir) => {
      const [, second = ''] = await splitWal(dir, [100, 200])
      await cp(wal(dir, second), wal(dir, walName(1, 150)))
    },
    state: 'gap',
    says: /there twice/,
    starts: false,
  },
  {
    name: 'several files, the newest empty',
    make: async (dir) => truncate(wal(dir, (await splitWal(dir, [100, 200])).at(-1)), 0),
    state: 'behind-database',
    says: /etcd would start and drop the next/,
    starts: 'old',
    mends: false,
  },
  {
    name: 'several files, the newest gone',
    make: async (dir) => rm(wal(dir, (await splitWal(dir, [100, 200])).at(-1))),
    state: 'behind-database',
    starts: 'old',
    mends: false,
  },
  {
    name: 'all raft snapshots gone',
    make: async (dir) => Promise.all((await snaps(dir)).map((name) => rm(join(snapDir(dir), name)))),
    state: 'whole',
    starts: true,
  },
  {
    name: 'a damaged raft snapshot, and one of another time',
    make: async (dir) => {
      const newest = (await snaps(dir)).at(-1) ?? ''
      await cp(join(snapDir(dir), newest), join(snapDir(dir), newest.replace(/^.{16}/, 'f'.padStart(16, '0'))))
      await flip(join(snapDir(dir), newest), 30)
    },
    state: 'whole',
    says: /its CRC is wrong; etcd sets it aside/,
    starts: true,
  },
]

describeOn(releases.length === 0 ? noEtcd : undefined, 'the log of a member', () => {
  let here: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    here = await scene()
  })
  afterAll(() => here.clear())

  /** A log of about 300 entries with raft snapshots, its database, and the database as it was after 60. */
  async function makeBase(release: EtcdRelease): Promise<Base> {
    const dir = join(here.dir, release.version)
    const oldDb = join(here.dir, `${release.version}.old`)
    const wrapped = await snapshotting(release, 50, here.dir)
    const first = here.keep(await testEtcd().start(wrapped, dir))
    await fill(first, 30)
    const { revision: oldRevision } = await first.client.status()
    await first.stop()
    await cp(db(dir), oldDb)
    const second = here.keep(await testEtcd().start(wrapped, dir))
    await fill(second, 280)
    const { revision, raftIndex } = await second.client.status()
    await second.stop()
    await truncate(wal(dir), 1_000_000)
    return { dir, oldDb, lastIndex: raftIndex, revision, oldRevision }
  }

  for (const release of releases) {
    describe(release.version, () => {
      let base: Base
      beforeAll(async () => {
        base = await makeBase(release)
      }, 120_000)

      it.each(faults)(
        '$name',
        async (fault) => {
          const dir = join(here.dir, `${release.version}-${fault.name.replaceAll(/\W/g, '-')}`)
          await cp(base.dir, dir, { recursive: true })
          await fault.make(dir, base)
          await compare(release, dir, base, fault)
          await rm(dir, { recursive: true })
        },
        120_000,
      )
    })
  }

  /** What we say of the directory is what the real etcd makes of it, as it is and mended. */
  async function compare(release: EtcdRelease, dir: string, base: Base, { state, says, starts, mends = true }: Fault) {
    const { log, peek } = await readDir(dir)
    const isOld = ['3.4', '3.5'].includes(release.minor)
    const timeoutMs = starts === 'old' && !isOld ? 5_000 : 60_000
    const real = await askEtcd(release, dir, `${dir}.asked`, { timeoutMs })
    const about = JSON.stringify({ log, real })
    const serves = starts === 'old' ? isOld : starts
    expect({ state: log.state, serves: !('refused' in real) }, about).toEqual({ state, serves })
    const told = log.findings.join('; ')
    if (says) expect(told).toMatch(says)
    else if (state === 'whole') expect(told).toBe('')
    // a look at the end never calls it whole, and never something else than it is
    expect(['unread', state], JSON.stringify(peek.log)).toContain(peek.log.state)
    const canMend = mends === 'files' ? release.minor !== '3.7' : mends
    // nor does it promise a replay that the whole log then denies
    if (peek.log.state === 'snapshot-ahead') {
      expect(/can be replayed/.test(peek.log.why ?? '')).toBe(canMend)
      expect(peek.log.usableTo).toBe(log.usableTo)
    }
    if (canMend || !REPLAYED.has(state)) expect(log.usableTo, about).toBe(base.lastIndex)
    else expect(log.usableTo ?? 0, about).toBeLessThan(base.lastIndex)
    if (!canMend) return expect(log.startsAt, about).toBeUndefined()
    await mend(dir, log)
    const mended = await askEtcd(release, dir, `${dir}.asked`, { forceNewCluster: true })
    expect(mended, about).toMatchObject({ revision: base.revision })
  }
})
