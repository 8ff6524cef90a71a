import { copyFile, cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newerMeta, openFileSource } from '../../../../src/bolt/index.ts'
import type { EtcdRelease } from '../../../../src/ports/etcd.ts'
import type { World } from '../../../../src/ports/world.ts'
import { returnMembers } from '../../../../src/steps/support/members.ts'
import { tryWays } from '../../../../src/steps/support/mend/try-ways.ts'
import { etcdReleases, newestOfEach, scene, testEtcd } from '../../../support/etcd.ts'
import { rawEtcd } from '../../../support/raw-etcd.ts'
import { digestsOf } from '../../../support/trashed.ts'

const etcd = testEtcd()
const releases = newestOfEach(await etcdReleases())
const REFUSED = {
  code: 'COPY_CORRUPT',
  message: /takes raft snapshots from the log itself, where none can be set aside/,
}
const PODS = '/registry/pods/'

describe.each(releases.map((release) => [release.version, release] as const))(
  'a damaged copy of etcd %s',
  (_, release) => {
    /** From 3.7 on etcd begins where the log says that there was a raft snapshot, and can't be told otherwise. */
    const bySnapshotRecord = release.minor === '3.7'
    const withOldDatabase = (member: string) => copyFile(oldDb, join(member, 'snap/db'))
    let place: Awaited<ReturnType<typeof scene>>
    let original: string
    let world: World
    /** Of after 100 of 300 writes, in the middle of it all. */
    let oldDb: string

    beforeAll(async () => {
      place = await scene()
      original = join(place.dir, 'original')
      oldDb = join(place.dir, 'old.db')
      await write(release, original, 0, 100)
      await copyFile(join(original, 'member/snap/db'), oldDb)
      await write(release, original, 100, 300)
    }, 60_000)
    afterAll(() => place.clear())
    afterEach(() => returnMembers(world))

    /** A copy with the damage done, tried; what was fetched must not have changed by it. */
    async function tried(damage: (member: string) => Promise<void>, isDatabaseSound = true) {
      const from = join(place.dir, 'fetched')
      const dataDir = join(place.dir, 'working')
      for (const dir of [from, dataDir]) await rm(dir, { recursive: true, force: true })
      await cp(original, from, { recursive: true })
      await damage(join(from, 'member'))
      world = { etcd } as World
      const before = digestsOf([from])
      const { signal } = new AbortController()
      const wanted = { world, release, from, dataDir, isDatabaseSound, isDurable: false, signal }
      const trial = await tryWays(wanted).finally(() => expect(digestsOf([from])).toEqual(before))
      return { ...trial, keys: await trial.member.client.count({ prefix: PODS }) }
    }

    it('that is sound is taken as it is', async () => {
      expect(await tried(async () => {})).toMatchObject({ did: [], vain: [], keys: 300 })
    }, 60_000)

    it('whose raft snapshot is beyond its database gets its log replayed without that snapshot', async () => {
      if (bySnapshotRecord) return expect(tried(withOldDatabase)).rejects.toMatchObject(REFUSED)
      const found = await tried(withOldDatabase)
      expect(found.did[0]).toMatch(/set aside raft snapshots that the database is older than/)
      expect(found).toMatchObject({ keys: 300 })
      expect(found.loses).toBeUndefined()
    }, 60_000)

    it.each<[string, (db: string) => Promise<void>]>([
      ['is gone', (db) => rm(db)],
      ['has 0 bytes', (db) => truncate(db, 0)],
      ['is zeros', async (db) => writeFile(db, Buffer.alloc((await readFile(db)).length))],
    ])(
      'whose database %s is made anew from a log that is whole from its beginning',
      async (_what, damage) => {
        const lost = (member: string) => damage(join(member, 'snap/db'))
        if (bySnapshotRecord) return expect(tried(lost)).rejects.toMatchObject(REFUSED)
        const found = await tried(lost)
        expect(found.did[0]).toMatch(/let an etcd make it anew from the log/)
        expect(found).toMatchObject({ keys: 300 })
        expect(found.loses).toBeUndefined()
      },
      60_000,
    )

    it('whose last transaction is torn is taken as of the one before, and its log brings the rest', async () => {
      const found = await tried((member) => tearLastTransaction(join(member, 'snap/db')), false)
      // 3.4 ends with a transaction that changes nothing: both have the same root, and the log makes it anew
      const how = release.minor === '3.4' ? /make it anew/ : /as of its last but one transaction/
      expect(found.did[0]).toMatch(how)
      expect(found).toMatchObject({ keys: 300 })
    }, 60_000)

    it('whose log is damaged in the middle is brought back up to there, and that is a question', async () => {
      const damaged = async (member: string) => {
        await withOldDatabase(member)
        await flip(member, `${PODS}p200`)
      }
      if (bySnapshotRecord) return expect(tried(damaged)).rejects.toMatchObject(REFUSED)
      const found = await tried(damaged)
      expect(found.loses).toMatch(/what was behind entry \d+ of its log is lost/)
      expect(found.keys).toBe(200)
    }, 60_000)

    it('whose newest WAL file is lost is not replayed: its database holds more', async () => {
      for (const damage of [(path: string) => rm(path), (path: string) => truncate(path, 0)]) {
        const failed = tried(async (member) => damage(join(member, 'wal', await newestWal(member))))
        await expect(failed).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
      }
    }, 60_000)
  },
)

it('finds an etcd to be tested with', () => expect(releases.length).toBeGreaterThan(0))

/** Every 50 entries there is a raft snapshot. */
async function write(release: EtcdRelease, dir: string, from: number, to: number): Promise<void> {
  await rawEtcd(release, dir, ['--snapshot-count', '50'], async (client) => {
    for (let at = from; at < to; at++) await client.put(`${PODS}p${at}`, `value ${at}`)
  })
}

async function newestWal(member: string): Promise<string> {
  return (
    (await readdir(join(member, 'wal')))
      .filter((name) => name.endsWith('.wal'))
      .sort()
      .at(-1) ?? ''
  )
}

/** One bit of a value within the log. */
async function flip(member: string, what: string): Promise<void> {
  const path = join(member, 'wal', await newestWal(member))
  const bytes = await readFile(path)
  const at = bytes.indexOf(what) + 2
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
}

/** Its meta page was written, and the page of its root not. */
async function tearLastTransaction(db: string): Promise<void> {
  const source = await openFileSource(db)
  const newer = await newerMeta(source)
  await source.close()
  if (!newer) throw new Error('no two meta pages')
  const bytes = await readFile(db)
  const root = Number(bytes.readBigUInt64LE(newer.offset + 16)) * bytes.readUInt32LE(newer.offset + 8)
  await writeFile(db, bytes.fill(0, root, root + 512))
}
