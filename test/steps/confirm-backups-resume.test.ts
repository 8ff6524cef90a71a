import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { World } from '../../src/ports/world.ts'
import { addBackup } from './support/backups.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, noEtcd, targetOf } from './support/nodes.ts'
import { backupOf } from './support/snapshots.ts'
import { runStep } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'

const OLD = '2024-03-21T12:00:00Z-000001'
const NEW = '2024-03-21T13:15:00Z-000001'
const NEWER = '2024-03-21T13:30:00Z-000001'

let dir: string
let running: Awaited<ReturnType<typeof backupOf>>
let other: Awaited<ReturnType<typeof backupOf>>
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  running = await backupOf(dir, 'running', 20)
  other = await backupOf(dir, 'other', 20)
}, 60_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

async function scene({ dataBytes = 1000, answers = true, world: over = {} as Partial<World> } = {}) {
  const store = memoryStore()
  await addBackup(store, 'recovered-x', running.gz)
  await addBackup(store, OLD, running.gz)
  const clock = memoryClock()
  const expected = { keys: 3, digest: '', revision: 4, dataDir: '/x', minor: '3.5', dataBytes }
  const facts = { earlierBackups: [OLD], expected }
  const live = liveAs(() => (answers ? kvClient({}, { members: running.members }) : undefined))
  const world = { store, clock, scratch: await tempScratch(), live, ...over }
  return { store, clock, run: () => runStep('confirm-backups-resume', { facts, world }) }
}

describe('confirm-backups-resume', () => {
  test('takes the newest backup since the recovery, of the cluster that runs, and reads it whole', async () => {
    const { store, run } = await scene()
    await addBackup(store, NEW, other.gz)
    await addBackup(store, NEWER, running.gz)
    expect((await run()).notes[0]).toContain(`newest backup ${NEWER} is whole and of the cluster that runs`)
  })

  test('who took no part is told at the end: one that is away, and one that has no volume', async () => {
    const root = await tempDir()
    mkdirSync(join(root, 'mnt'))
    const c = node('c', { isAway: () => true })
    const controlPlane = [node('b', { root, script: noEtcd }), c]
    const { store, run } = await scene({ world: { controlPlane, target: targetOf(controlPlane) } })
    await addBackup(store, NEW, running.gz)
    expect((await run()).notes.slice(1)).toEqual([
      expect.stringMatching(/^b has no volume of etcd main: .* once it has one: .* --set node=b$/),
      expect.stringMatching(/^c took no part, .* --set node=c$/),
    ])
  })

  test('waits for one: backups from before, and those without a meta, do not count', async () => {
    const { store, clock, run } = await scene()
    await store.write(`${NEW}/etcd.backup.gz`, running.gz)
    await expect(run()).rejects.toMatchObject({ code: 'TIMED_OUT', message: /no backup since the recovery/ })
    expect(clock.slept).toBeGreaterThanOrEqual(15 * 60_000)
  })

  test('one that the store does not give out is named, with what helps', async () => {
    const { store, run } = await scene()
    await addBackup(store, NEW, running.gz)
    const { read } = store
    store.read = (key, options) => {
      if (key !== `${NEW}/_etcd_backup.meta`) return read(key, options)
      throw new RescueError('OBJECT_UNREADABLE', 'AccessDenied', { hint: 'allow s3:GetObject' })
    }
    const message = expect.stringMatching(new RegExp(`${NEW} is there and cannot be read: AccessDenied; allow s3`))
    await expect(run()).rejects.toMatchObject({ code: 'TIMED_OUT', message })
  })

  test('one of the cluster from before, begun before the recovery, is no proof, however large', async () => {
    const { store, run } = await scene()
    await addBackup(store, NEW, other.gz)
    await expect(run()).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: new RegExp(`${NEW} is of another cluster than the one that runs`),
    })
  })

  test('a small one lacks data: the next is waited for', async () => {
    const { store, run } = await scene({ dataBytes: 10_000_000 })
    await addBackup(store, NEW, running.gz)
    await expect(run()).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: new RegExp(`${NEW} unpacks to \\d+ bytes, too few`),
    })
  })

  test('whose backup it is cannot be told while the cluster does not answer', async () => {
    const { store, run } = await scene({ answers: false })
    await addBackup(store, NEW, running.gz)
    await expect(run()).rejects.toMatchObject({ code: 'TIMED_OUT', message: /no member of the cluster answers/ })
  })

  test.each<[string, (gz: Buffer) => Buffer, RegExp]>([
    ['is cut', (gz) => gz.subarray(0, -20), /gzip is cut/],
    ['has bytes after its end', (gz) => Buffer.concat([gz, Buffer.alloc(20)]), /gzip has bytes after its end/],
    ['carries no hash', (gz) => gzipSync(gunzipSync(gz).subarray(0, -32)), /no SHA-256/],
    [
      'carries a wrong hash',
      (gz) => gzipSync(Buffer.concat([gunzipSync(gz).subarray(0, -32), Buffer.alloc(32)])),
      /SHA-256 is not/,
    ],
  ])('one that %s is BACKUP_INVALID', async (_, damage, message) => {
    const { store, run } = await scene()
    await addBackup(store, NEW, damage(running.gz))
    await expect(run()).rejects.toMatchObject({ code: 'BACKUP_INVALID', message })
  })
})
