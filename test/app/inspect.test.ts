import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { inspectSource } from '../../src/app/inspect.ts'
import { inspectLines } from '../../src/ui/inspect.ts'
import { frames } from '../bolt/log-support.ts'
import { etcdReleases, fill, noEtcd, testEtcd } from '../support/etcd.ts'
import { testSession } from '../support/session.ts'
import { describeOn } from '../support/skip.ts'

const release = (await etcdReleases()).at(-1)
const WAL = 'member/wal/0000000000000000-0000000000000000.wal'
const DB = 'member/snap/db'

describeOn(release ? undefined : noEtcd, 'inspect of a member directory', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rescue-inspect-'))
    if (!release) throw new Error(noEtcd)
    const member = await testEtcd().start(release, join(dir, 'good'))
    await fill(member, 200)
    await member.stop()
    await truncate(join(dir, 'good', WAL), 500_000)
  }, 60_000)
  afterAll(() => rm(dir, { recursive: true, force: true }))

  async function look(name: string, change: (copy: string) => Promise<void>, full: boolean) {
    const copy = join(dir, name)
    await rm(copy, { recursive: true, force: true })
    await cp(join(dir, 'good'), copy, { recursive: true })
    await change(copy)
    const { value, exitCode } = await inspectSource(testSession(dir), { source: copy, etcdCluster: 'main', full })
    return { value, exitCode, text: inspectLines(value).join('\n') }
  }

  async function flipOldRecord(copy: string) {
    const wal = await readFile(join(copy, WAL))
    const all = frames(wal)
    const at = (all[Math.floor(all.length / 2)]?.next ?? 0) - 12
    wal.writeUInt8((wal[at] ?? 0) ^ 1, at)
    await writeFile(join(copy, WAL), wal)
  }

  it('a sound one is called in order, database and log apart, only with --full', async () => {
    const whole = await look('sound', async () => {}, true)
    expect(whole).toMatchObject({
      exitCode: 0,
      value: { log: { state: 'whole', readFrom: 'beginning', firstIndex: 1 } },
    })
    expect(whole.text).toMatch(/The database: every page was read and is in order\.\nThe log: every record was read/)
    const end = await look('sound', async () => {}, false)
    expect(end.value.log).toEqual({ state: 'unread', readFrom: 'end' })
    expect(end.text).not.toMatch(/in order/)
  })

  it('a bit that flipped in an old record is found by --full, and the log not called in order', async () => {
    const { value, exitCode, text } = await look('flipped', flipOldRecord, true)
    expect(value.log?.state).toBe('damaged')
    expect(exitCode).toBe(40)
    expect(text).toMatch(/the CRC of a record is wrong: etcd refuses this log/)
    expect(text).toMatch(/The database: every page/)
    expect(text).not.toMatch(/No findings|every record/)
  })

  it.each([
    ['missing', async (copy: string) => rm(join(copy, DB))],
    ['of 0 bytes', async (copy: string) => truncate(join(copy, DB), 0)],
    ['of zeros', async (copy: string) => writeFile(join(copy, DB), Buffer.alloc(65_536))],
  ])('a database %s with a log from index 0 is a copy, with what its log holds', async (name, change) => {
    for (const full of [false, true]) {
      const { value, exitCode, text } = await look(name, change, full)
      expect(value).toMatchObject({ walWrites: 200, log: { state: 'database-lost', readFrom: 'beginning' } })
      expect(value.log?.usableTo).toBe(value.walIndex)
      expect(value.members).toHaveLength(1)
      expect(exitCode).toBe(0)
      expect(text).toMatch(/no database \(.*\); the WAL is whole from index 0 and reaches \d+/)
      expect(text).not.toMatch(/unusable|in order/)
    }
  })

  it('without the beginning of its log, a lost database is unusable', async () => {
    const { value, exitCode } = await look(
      'gone',
      async (copy) =>
        Promise.all([rm(join(copy, DB)), flipOldRecord(copy)]).then(async () => {
          const wal = await readFile(join(copy, WAL))
          await rm(join(copy, WAL))
          await writeFile(join(copy, 'member/wal/0000000000000003-0000000000000050.wal'), wal)
        }),
      false,
    )
    expect(value.log).toMatchObject({ state: 'database-lost' })
    expect(value.log?.usableTo).toBeUndefined()
    expect(exitCode).toBe(40)
  })
})
