import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dirScratch } from '../../src/adapters/scratch/index.ts'
import { foundInStore } from '../../src/app/scan/backups.ts'
import { scanCopies } from '../../src/app/scan/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import type { Backup } from '../../src/etcd-manager/backups.ts'
import { worthALook } from '../../src/etcd-manager/worth-a-look.ts'
import { rankCopies } from '../../src/steps/support/rank.ts'
import { reasons } from '../../src/steps/support/why.ts'
import { memberDir, putPods } from '../steps/support/member-dir.ts'
import { testSession } from '../support/session.ts'

const backup = (name: string, gzBytes: number) => ({ name, gzBytes, createdAt: new Date(0) }) as Backup

describe('which backups are looked into', () => {
  test('the newest large ones too, for the newest of all are of the empty cluster', () => {
    const all = [
      backup('1', 1e6),
      backup('2', 1.1e6),
      backup('3', 1.2e6),
      ...[4, 5, 6, 7].map((at) => backup(`${at}`, 900)),
    ]
    expect(worthALook(all, 4).map(({ name }) => name)).toEqual(['2', '3', '6', '7'])
    expect(worthALook(all, 1).map(({ name }) => name)).toEqual(['3'])
    expect(worthALook(all, 0)).toEqual([])
    expect(worthALook(all, Number.POSITIVE_INFINITY)).toEqual(all)
    expect(worthALook([], 5)).toEqual([])
  })
})

describe('backups', () => {
  let dir: string
  let store: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rescue-scan-'))
    store = join(dir, 'state/x.example.com/backups/etcd/main')
    const full = await packed('full', 300)
    const empty = await packed('empty', 3)
    await put('2024-03-21T13:00:00Z-000001', full)
    await put('2024-03-21T13:15:00Z-000002', full.subarray(0, full.length / 2))
    await put('2024-03-21T13:30:00Z-000003', empty)
    await put('2024-03-21T13:45:00Z-000004', Buffer.from('no gzip'))
    await put('2024-03-21T14:00:00Z-000005', gzipSync(Buffer.concat([Buffer.alloc(8192), Buffer.alloc(32)])))
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  /** etcd.backup.gz of an etcd with so many keys. */
  async function packed(name: string, keys: number): Promise<Buffer> {
    await memberDir(join(dir, name), (member) => putPods(member, 0, keys))
    const db = await readFile(join(dir, name, 'member/snap/db'))
    return gzipSync(Buffer.concat([db, createHash('sha256').update(db).digest()]))
  }

  async function put(name: string, gz: Buffer) {
    await mkdir(join(store, name), { recursive: true })
    await writeFile(join(store, name, 'etcd.backup.gz'), gz)
    await writeFile(join(store, name, '_etcd_backup.meta'), '{"etcdVersion":"3.5.30"}')
  }

  test('are ranked by what they hold; what etcd-manager would refuse says why; nothing is left on the disk', async () => {
    const session = testSession(dir)
    const name = 'x.example.com'
    const config = await loadConfig({ env: {}, cwd: dir, name, state: `file://${dir}/state` })
    const scratch = dirScratch(join(dir, 'scratch'))
    const { signal } = new AbortController()
    const room = { session, config, options: { backups: 10 }, scratch, signal, notes: [] }
    const { found, others } = await foundInStore('main', room)
    expect(others).toEqual([])
    const ranked = rankCopies(found)
    const why = reasons(ranked)
    const rows = ranked.map((one) => [one.value.backup?.slice(-1), why.get(one)])
    // two etcds of one name and token have the same ids, so these two are of one cluster; test/drills/see has others
    expect(rows.slice(0, 2)).toEqual([
      ['1', 'best: its cluster holds most, and its log reaches furthest'],
      ['3', expect.stringMatching(/^the same cluster, \d+ log entries behind the best$/)],
    ])
    expect(new Map(rows as [string, string][]).get('2')).toMatch(/^unusable: .*cut/)
    expect(new Map(rows as [string, string][]).get('4')).toMatch(/^unusable: /)
    expect(new Map(rows as [string, string][]).get('5')).toMatch(/^unusable: /)
    const [best] = ranked
    expect(best?.value).toMatchObject({ revision: 301, place: 'backup', etcdVersion: '3.5.30', findings: [] })
    const looked = await foundInStore('main', { ...room, options: { backups: 2 } })
    expect(looked.found).toHaveLength(2)
    expect(looked.others).toHaveLength(3)
  })

  test('are searched without any node in the configuration, which is said', async () => {
    const sources = { env: { XDG_STATE_HOME: dir }, cwd: dir, name: 'x.example.com', state: `file://${dir}/state` }
    const { copies, notes } = await scanCopies(testSession(dir, { sources }), { etcdCluster: 'main', backups: 1 })
    expect(copies.map(({ kind }) => kind)).toEqual(['backup'])
    expect(notes).toEqual([expect.stringMatching(/no control-plane node is configured: only backups/)])
  })
})
