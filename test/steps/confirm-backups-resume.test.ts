import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { addBackup, pages, sealedPages } from './support/backups.ts'
import { runStep } from './support/step.ts'

const OLD = '2024-03-21T12:00:00Z-000001'
const NEW = '2024-03-21T13:15:00Z-000001'
const NEWER = '2024-03-21T13:30:00Z-000001'

async function scene() {
  const store = memoryStore()
  await addBackup(store, 'recovered-x')
  await addBackup(store, OLD)
  const clock = memoryClock()
  const facts = {
    earlierBackups: [OLD],
    expected: { keys: 3, digest: '', revision: 4, dataDir: '/x', minor: '3.5', dataBytes: 40 * 512 },
  }
  return { store, clock, run: () => runStep('confirm-backups-resume', { facts, world: { store, clock } }) }
}

describe('confirm-backups-resume', () => {
  test('takes the newest backup since the recovery and reads it whole', async () => {
    const { store, run } = await scene()
    await addBackup(store, NEW, sealedPages(1))
    await addBackup(store, NEWER)
    expect((await run()).notes[0]).toContain(`newest backup ${NEWER} is whole`)
  })

  test('waits for one: backups from before, and those without a meta, do not count', async () => {
    const { store, clock, run } = await scene()
    await store.write(`${NEW}/etcd.backup.gz`, sealedPages(40))
    await expect(run()).rejects.toMatchObject({ code: 'TIMED_OUT', message: /no backup since the recovery/ })
    expect(clock.slept).toBeGreaterThanOrEqual(15 * 60_000)
  })

  test("a small one is an empty cluster's: the next is waited for", async () => {
    const { store, run } = await scene()
    await addBackup(store, NEW, sealedPages(2))
    await expect(run()).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: new RegExp(`${NEW} unpacks to \\d+ bytes, too few`),
    })
  })

  test.each([
    ['is cut', sealedPages(40).subarray(0, -20), /gzip is cut/],
    ['carries no hash', gzipSync(pages(40)), /no hash/],
    ['carries a wrong hash', gzipSync(Buffer.concat([pages(40), Buffer.alloc(32)])), /hash is not the hash/],
  ])('one that %s is BACKUP_INVALID', async (_, gz, message) => {
    const { store, run } = await scene()
    await addBackup(store, NEW, gz)
    await expect(run()).rejects.toMatchObject({ code: 'BACKUP_INVALID', message })
  })
})
