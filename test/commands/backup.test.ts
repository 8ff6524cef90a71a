import { createWriteStream } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli } from '../support/cli.ts'
import { etcdReleases, noEtcd, testCacheDir, testEtcd } from '../support/etcd.ts'

const releases = await etcdReleases()

describe.skipIf(releases.length === 0)(
  `backup publish, list and verify (${releases.length === 0 ? noEtcd : 'real etcd'})`,
  () => {
    const release = releases.find(({ minor }) => minor === '3.5') ?? releases[0]
    let dir: string
    let store: string
    let flags: string[]

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'etcd-rescue-cli-'))
      store = join(dir, 'state/x.example.com/backups/etcd/main')
      await mkdir(store, { recursive: true })
      await writeFile(join(dir, 'etcd-rescue.yaml'), `tools: { etcdBinDir: ${testCacheDir} }\nworkDir: work\n`)
      flags = ['--name', 'x.example.com', '--state', `file://${dir}/state`, '--json']
      if (release === undefined) return
      const member = await testEtcd().start(release, join(dir, 'data'))
      for (let i = 0; i < 20; i += 1) await member.client.put(`/registry/pods/${i}`, `value ${i}`)
      await pipeline(await member.client.snapshot(), createWriteStream(join(dir, 'snapshot.db')))
      await member.stop()
      await copyFile(join(dir, 'data/member/snap/db'), join(dir, 'plain.db'))
      await copyFile(join(dir, 'snapshot.db'), join(dir, 'cut.db'))
      await truncate(join(dir, 'cut.db'), 5000)
    })
    afterAll(() => rm(dir, { recursive: true, force: true }))

    const run = async (...args: string[]) => {
      const { code, stdout } = await cli([...args, ...flags], { cwd: dir })
      return { code, value: JSON.parse(stdout) }
    }
    const publish = (file: string, ...more: string[]) =>
      run('backup', 'publish', file, '--etcd-version', release?.version ?? '', ...more)

    it('a dry run says what it would publish and leaves the store alone', async () => {
      const { code, value } = await publish('snapshot.db', '--backup-name', 'mine', '--dry-run')
      expect({ code, value }).toMatchObject({
        code: 0,
        value: { status: 'dry-run', backup: 'mine', digestAdded: false },
      })
      expect(await readdir(store)).toEqual([])
    })

    it('a snapshot is published, listed, and restores with all its keys', async () => {
      expect(await publish('snapshot.db', '--backup-name', 'mine')).toMatchObject({
        code: 0,
        value: { status: 'published' },
      })
      const meta = JSON.parse(await readFile(join(store, 'mine/_etcd_backup.meta'), 'utf8'))
      expect(meta).toMatchObject({ etcdVersion: release?.version, clusterSpec: { memberCount: 3 } })
      const { value } = await run('backup', 'list')
      expect(value.backups).toMatchObject([{ name: 'mine', etcdVersion: release?.version }])
      expect(await run('backup', 'verify', 'mine')).toMatchObject({ code: 0, value: { keys: 20, revision: 21 } })
      expect(await readdir(join(dir, 'work/tmp'))).toEqual([])
    })

    it('a plain database file gets its digest, and restores', async () => {
      const { value } = await publish('plain.db')
      expect(value).toMatchObject({
        status: 'published',
        digestAdded: true,
        backup: expect.stringMatching(/^published-/),
      })
      expect(await run('backup', 'verify', value.backup)).toMatchObject({
        code: 0,
        value: { keys: expect.any(Number) },
      })
    })

    it('what is no database, cut, or there already is refused, and nothing is left in the store', async () => {
      const before = await readdir(store)
      expect(await publish('cut.db')).toMatchObject({ code: 30, value: { error: { code: 'COPY_CORRUPT' } } })
      expect(await publish('etcd-rescue.yaml')).toMatchObject({ code: 30, value: { error: { code: 'COPY_CORRUPT' } } })
      expect(await publish('none.db')).toMatchObject({ code: 20, value: { error: { code: 'PRECONDITION' } } })
      expect(await publish('snapshot.db', '--backup-name', 'mine')).toMatchObject({
        value: { error: { code: 'STORE_CONFLICT' } },
      })
      expect(await publish('snapshot.db', '--backup-name', '../x')).toMatchObject({
        code: 2,
        value: { error: { code: 'USAGE' } },
      })
      expect(await readdir(store)).toEqual(before)
    })

    it('a damaged backup is not verified', async () => {
      await truncate(join(store, 'mine/etcd.backup.gz'), 500)
      expect(await run('backup', 'verify', 'mine')).toMatchObject({
        code: 30,
        value: { error: { code: 'BACKUP_INVALID' } },
      })
      expect(await run('backup', 'verify', 'none')).toMatchObject({
        code: 20,
        value: { error: { code: 'OBJECT_MISSING' } },
      })
      await writeFile(join(store, 'mine/_etcd_backup.meta'), '{"etcdVersion":"banana"}')
      const message = 'the backup mine cannot be restored: its etcd version is "banana"'
      expect(await run('backup', 'verify', 'mine')).toMatchObject({
        code: 30,
        value: { error: { code: 'BACKUP_INVALID', message } },
      })
    })
  },
)
