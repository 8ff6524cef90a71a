import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { encodeSpec, SPEC_KEY } from '../../src/etcd-manager/control.ts'
import type { EtcdRelease, LocalEtcd } from '../../src/ports/etcd.ts'
import { addBackup } from './support/backups.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { node, noEtcd, targetOf } from './support/nodes.ts'
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
async function trial(
  published: Buffer,
  keys = 80,
  {
    slow = 0,
    manager = 'v3.0.20260707',
    etcds = ['etcd-v3.4.13', 'etcd-v3.5.30', 'etcd-v3.6.11'],
    inputs = {},
    peer = 'mmm',
    away = [] as string[],
    volumeless = [] as string[],
  } = {},
) {
  const store = memoryStore()
  await addBackup(store, NAME, published)
  const scratch = await tempScratch()
  const asked: string[] = []
  let starts = 0
  const told: LocalEtcd = {
    find: etcd.find,
    restore: async (found, file, to, options) => {
      asked.push(`restore skipHashCheck=${options?.skipHashCheck ?? false}`)
      return etcd.restore(found, file, to, options)
    },
    canBump: (found) => etcd.canBump(found),
    start: async (...args) => {
      starts += 1
      const member = await etcd.start(...args)
      asked.push('start')
      const stop = async () => {
        asked.push('stop')
        await member.stop()
        if (starts <= slow) throw new RescueError('LEASES_EXPIRED', '1 leases ran out', { hint: 'try again' })
      }
      return { ...member, stop }
    },
  }
  const facts = {
    backup: { name: NAME, store: store.url, bytes: published.length, etcdVersion: release.version, keys },
  }
  const root = await mkdtemp(join(dir, 'node-'))
  mkdirSync(join(root, 'mnt/v/data'), { recursive: true })
  writeFileSync(join(root, 'mnt/v/myid'), peer)
  const others = [...away, ...volumeless]
  if (others.length > 0) await store.write(SPEC_KEY, encodeSpec({ memberCount: 3, etcdVersion: release.version }))
  const bare = join(root, 'bare')
  mkdirSync(join(bare, 'mnt'), { recursive: true })
  const controlPlane = [
    node('a', { root, manager, etcds: [...etcds, `etcd-v${release.version}`] }),
    ...others.map((name) => node(name, { root: bare, isAway: () => away.includes(name), script: noEtcd })),
  ]
  const world = { store, scratch, etcd: told, controlPlane, target: targetOf(controlPlane) }
  return { scratch, asked, done: runStep('trial-restore', { facts, inputs, world }) }
}

describe('trial-restore', () => {
  test.each([
    ['a node that is away', { away: ['b', 'c'] }, /^only 1 of 3 control-plane nodes answer: b: /, /bring at least 2/],
    [
      'a node without a volume',
      { volumeless: ['b', 'c'] },
      /^only 1 of 3 .* have a volume .*: a$/,
      /attach the disks of/,
    ],
  ])('where the others are no quorum, %s is told before anything is stopped', async (_, over, message, hint) => {
    const { asked, done } = await trial(gz, 80, over)
    await expect(done).rejects.toMatchObject({ code: 'PRECONDITION', message, hint })
    await expect(done).rejects.toMatchObject({ hint: /nothing was changed$/ })
    expect(asked).toEqual([])
  })

  test('a backup that restores to nothing is refused: nothing is ever replaced by it', async () => {
    const to = await mkdtemp(join(dir, 'empty-'))
    let empty = Buffer.alloc(0)
    await memberDir(to, async (member) => {
      empty = gzipSync(await buffer(await member.client.snapshot()), { level: 1 })
    })
    await expect((await trial(empty, 0)).done).rejects.toMatchObject({
      code: 'BACKUP_INVALID',
      message: /holds no key/,
    })
  })

  test('the published bytes restore with their hash checked; every key is digested; nothing is left running', async () => {
    const { scratch, asked, done } = await trial(gz)
    const { gives } = await done
    expect(gives).toMatchObject({ expected: { keys: 80, minor: release.minor, dataDir: scratch.peek('trial') } })
    expect(gives).toMatchObject({ expected: { digest: expect.stringMatching(/^[0-9a-f]{16,}/) } })
    expect(asked).toEqual(['restore skipHashCheck=false', 'start', 'stop'])
    expect(await readdir(scratch.peek())).toEqual(['trial'])
  })

  test('a machine that is too slow to keep the leases tries anew, from a fresh directory, and not for ever', async () => {
    const { scratch, asked, done } = await trial(gz, 80, { slow: 1 })
    expect((await done).gives).toMatchObject({ expected: { keys: 80 } })
    const once = ['restore skipHashCheck=false', 'start', 'stop']
    expect(asked).toEqual([...once, ...once])
    expect(await readdir(scratch.peek())).toEqual(['trial'])
    await expect((await trial(gz, 80, { slow: 9 })).done).rejects.toMatchObject({ code: 'LEASES_EXPIRED' })
  })

  test('a backup with fewer keys than the copy is BACKUP_INVALID, and its etcd is stopped', async () => {
    const { asked, done } = await trial(gz, 81)
    await expect(done).rejects.toMatchObject({ code: 'BACKUP_INVALID', message: /80 keys where the copy holds 81/ })
    expect(asked.at(-1)).toBe('stop')
  })

  test('says with which etcd etcd-manager restores it, and asks before the trial where that is not known', async () => {
    const notes = (await (await trial(gz)).done).notes.join('\n')
    expect(notes).toMatch(new RegExp(`etcd-manager restores a backup of etcd ${release.version} with etcd 3\\.`))
    const unread = await trial(gz, 80, { manager: 'v3.0.20261001' })
    await expect(unread.done).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set versions=accept/ })
    expect(unread.asked).toEqual([])
    const told = await trial(gz, 80, { manager: 'v3.0.20261001', inputs: { versions: 'accept' } })
    expect((await told.done).gives).toMatchObject({ expected: { doubts: [expect.stringContaining('v3.0.20261001')] } })
  })

  test('where it is not known who leads it is refused here, before the API servers are stopped', async () => {
    const { asked, done } = await trial(gz, 80, { peer: '' })
    await expect(done).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /which node leads: a may/, hint: /^nothing was changed; look on node a/ },
    })
    expect(asked).toEqual([])
  })

  test('a pair of etcd-manager and backup that would loop is refused before any etcd sees it', async () => {
    const { asked, done } = await trial(gz, 80, { manager: 'v3.0.20250917', etcds: [] })
    await expect(done).rejects.toMatchObject({ code: 'VERSION_MISMATCH', message: /^a: / })
    expect(asked).toEqual([])
  })

  test.each<[string, (whole: Buffer) => Buffer]>([
    ['cut', (whole) => whole.subarray(0, whole.length >> 1)],
    ['followed by zeros', (whole) => Buffer.concat([whole, Buffer.alloc(512)])],
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
