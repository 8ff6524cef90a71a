import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { returnMembers } from '../../src/steps/support/members.ts'
import { etcdReleases } from '../support/etcd.ts'
import { rawEtcd } from '../support/raw-etcd.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { copyOf, runStep } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'

const newest = (await etcdReleases()).findLast(({ minor }) => minor === '3.7')
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  await memberDir(join(dir, 'full'), async (member) => {
    await putPods(member, 0, 200)
    const gone = await member.client.get('/registry/pods/default/p7')
    if (gone) await member.client.deleteIfUnchanged(gone.key, gone.modRevision)
  })
  await memberDir(join(dir, 'empty'), async () => {})
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** This world has no etcd: the replay that the step begins is restore-locally's to tell of. */
async function check(which: 'full' | 'empty', damage: (db: string) => Promise<void> = async () => {}) {
  const at = join(await tempDir(), 'fetched')
  await cp(join(dir, which, 'member/snap'), join(at, 'member/snap'), { recursive: true })
  await damage(join(at, 'member/snap/db'))
  return runStep('check-copy', { facts: { copy: copyOf(), fetched: { dir: at, bytes: 1, files: [] } } })
}

describe('check-copy', () => {
  test('counts living keys and tells the revision, page by page', async () => {
    const { gives, notes } = await check('full')
    expect(gives).toMatchObject({ checked: { minor: '3.5', revision: 202, keys: 199, findings: [] } })
    expect(notes.at(-1)).toMatch(/^db alone: revision 202, 199 keys/)
  })

  test('a database that is lost is brought back by a log that is whole from its beginning', async () => {
    const at = join(await tempDir(), 'fetched')
    await cp(join(dir, 'full'), at, { recursive: true })
    await rm(join(at, 'member/snap/db'))
    const world = { etcd, scratch: await tempScratch() }
    const facts = { copy: copyOf(), fetched: { dir: at, bytes: 1, files: [] } }
    const { gives, notes, world: made } = await runStep('check-copy', { facts, world })
    onTestFinished(() => returnMembers(made))
    expect(gives).toMatchObject({ checked: { revision: 0, keys: 0, damage: expect.stringMatching(/no database/) } })
    expect(notes.at(-1)).toMatch(/the log brings it back/)
  }, 30_000)

  test('etcd 3.7 makes none anew once it has made a raft snapshot: it is said, with what to type next', async (context) => {
    if (newest === undefined) return context.skip('needs etcd 3.7: run `node scripts/test-setup/etcd.mjs`')
    const at = join(await tempDir(), 'fetched')
    await rawEtcd(newest, at, ['--snapshot-count', '50'], async (client) => {
      for (let put = 0; put < 120; put++) await client.put(`/registry/pods/p${put}`, 'x')
    })
    await rm(join(at, 'member/snap/db'))
    const world = { etcd, scratch: await tempScratch() }
    const facts = { copy: copyOf({ etcdVersion: '3.7.0' }), fetched: { dir: at, bytes: 1, files: [] } }
    await expect(runStep('check-copy', { facts, world })).rejects.toMatchObject({
      code: 'COPY_CORRUPT',
      message: expect.stringMatching(
        /no database.*its log does not bring it back: .*takes raft snapshots from the log/,
      ),
      hint: expect.stringMatching(/recover --copy NODE:TOKEN.*etcd-rescue run restore-backup/),
    })
  }, 60_000)

  test("an empty cluster's database is refused, whatever its size", async () => {
    await expect(check('empty')).rejects.toMatchObject({ code: 'COPY_CORRUPT', message: /holds no keys/ })
  })

  test.each<[string, (db: string) => Promise<void>]>([
    ['cut', (db) => truncate(db, 20_000)],
    ['zeros', async (db) => writeFile(db, Buffer.alloc((await readFile(db)).length))],
    ['no bytes', (db) => truncate(db, 0)],
  ])('a database that is %s is COPY_CORRUPT', async (_, damage) => {
    await expect(check('full', damage)).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
  })
})
