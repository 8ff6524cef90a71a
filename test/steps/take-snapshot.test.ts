import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { prepareAhead } from '../../src/steps/support/ahead.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempScratch } from './support/temp.ts'

let dir: string
let release: EtcdRelease
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  release = await memberDir(dir, (member) => putPods(member, 0, 100), 'killed')
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest()

async function scene(revision = 101) {
  const scratch = await tempScratch()
  const dataDir = await scratch.dir('wal')
  await cp(join(dir, 'member'), join(dataDir, 'member'), { recursive: true })
  const held = { revision, keys: 100 }
  const restored = { way: 'wal', dataDir, minor: release.minor, version: release.version, ...held, wal: held, db: held }
  return { scratch, options: { facts: { restored }, world: { etcd, scratch } } }
}

describe('take-snapshot', () => {
  test('a file that etcd restores without a flag: whole pages, their SHA-256, every key', async () => {
    const { scratch, options } = await scene()
    const { snapshot } = (await runStep('take-snapshot', options)).gives as Pick<Facts, 'snapshot'>
    const file = await readFile(snapshot.path)
    expect(file.length % 512).toBe(32)
    expect(sha256(file.subarray(0, -32)).equals(file.subarray(-32))).toBe(true)
    expect(snapshot).toEqual({
      path: scratch.peek('snapshot.db'),
      bytes: file.length,
      sha256: sha256(file).toString('hex'),
      boot: await scratch.boot(),
    })
    expect((await stat(snapshot.path)).mode & 0o777).toBe(0o600)
    await etcd.restore(release, snapshot.path, scratch.peek('again'))
    const member = await etcd.start(release, scratch.peek('again'))
    try {
      expect(await member.client.count()).toBe(100)
    } finally {
      await member.stop()
    }
  })

  test('what was compressed while it was fetched becomes the gzip of the snapshot', async () => {
    const { scratch, options } = await scene()
    const fetched = join(dir, 'member', 'snap', 'db')
    const { size: bytes } = await stat(fetched)
    const { context } = contextOf('take-snapshot', options)
    const stored = await prepareAhead(context.world, 0)
    stored(fetched, bytes, bytes)
    const { snapshot } = (await stepOf('take-snapshot').act(context as never)) as Pick<Facts, 'snapshot'>
    const needs = { snapshot }
    const gzip = { ...context, needs, settled: Promise.resolve(needs) }
    const { gz } = (await stepOf('gzip-snapshot').act(gzip as never)) as Pick<Facts, 'gz'>
    expect(gunzipSync(await readFile(gz.path)).equals(await readFile(snapshot.path))).toBe(true)
    expect((await readdir(scratch.peek())).sort()).toEqual(['etcd.backup.gz', 'snapshot.db', 'wal'])
  })

  test('after a crash it gives the same file again', async () => {
    const { options } = await scene()
    const act = async () => (await runStep('take-snapshot', options)).gives
    const first = await act()
    expect(await act()).toEqual(first)
  })

  test('a database that lacks what was restored does not become a snapshot', async () => {
    const { scratch, options } = await scene(150)
    await expect(runStep('take-snapshot', options)).rejects.toMatchObject({
      code: 'ETCD_FAILED',
      message: /at revision \d+ and not at 150/,
      hint: /restore-locally/,
    })
    expect(await readdir(scratch.peek())).not.toContain('snapshot.db')
  })
})
