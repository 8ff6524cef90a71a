import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import type { EtcdRelease, LocalEtcd } from '../../src/ports/etcd.ts'
import { addBackup } from './support/backups.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { runStep } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

const NAME = 'recovered-x'
let dir: string
let release: EtcdRelease
let gz: Buffer
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  release = await memberDir(dir, async (member) => {
    await putPods(member, 0, 80)
    gz = gzipSync(await buffer(await member.client.snapshot()), { level: 1 })
  })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Tells what of the local etcd was asked for. */
async function trial(published: Buffer, keys = 80) {
  const store = memoryStore()
  await addBackup(store, NAME, published)
  const scratch = await tempScratch()
  const asked: string[] = []
  const told: LocalEtcd = {
    find: etcd.find,
    restore: async (found, file, to, options) => {
      asked.push(`restore skipHashCheck=${options?.skipHashCheck ?? false}`)
      return etcd.restore(found, file, to, options)
    },
    canBump: (found) => etcd.canBump(found),
    start: async (...args) => {
      const member = await etcd.start(...args)
      asked.push('start')
      const stop = async () => {
        asked.push('stop')
        await member.stop()
      }
      return { ...member, stop }
    },
  }
  const facts = {
    backup: { name: NAME, store: store.url, bytes: published.length, etcdVersion: release.version, keys },
  }
  return { scratch, asked, done: runStep('trial-restore', { facts, world: { store, scratch, etcd: told } }) }
}

describe('trial-restore', () => {
  test('the published bytes restore with their hash checked; every key is digested; nothing is left running', async () => {
    const { scratch, asked, done } = await trial(gz)
    const { gives } = await done
    expect(gives).toMatchObject({ expected: { keys: 80, minor: release.minor, dataDir: scratch.peek('trial') } })
    expect(gives).toMatchObject({ expected: { digest: expect.stringMatching(/^[0-9a-f]{16,}/) } })
    expect(asked).toEqual(['restore skipHashCheck=false', 'start', 'stop'])
    expect(await readdir(scratch.peek())).toEqual(['trial'])
  })

  test('a backup with fewer keys than the copy is BACKUP_INVALID, and its etcd is stopped', async () => {
    const { asked, done } = await trial(gz, 81)
    await expect(done).rejects.toMatchObject({ code: 'BACKUP_INVALID', message: /80 keys where the copy holds 81/ })
    expect(asked.at(-1)).toBe('stop')
  })

  test.each<[string, (whole: Buffer) => Buffer]>([
    ['cut', (whole) => whole.subarray(0, whole.length >> 1)],
    ['without a hash', (whole) => gzipSync(gunzipSync(whole).subarray(0, -32), { level: 1 })],
    [
      'of other bytes than its hash says',
      (whole) => {
        const snapshot = gunzipSync(whole)
        snapshot[9000] = (snapshot[9000] ?? 0) ^ 1
        return gzipSync(snapshot, { level: 1 })
      },
    ],
  ])('one that is %s is refused before any etcd sees it', async (_, damage) => {
    const { asked, done } = await trial(damage(gz))
    await expect(done).rejects.toMatchObject({ code: 'BACKUP_INVALID', hint: /destroys the running cluster/ })
    expect(asked).toEqual([])
  })
})
