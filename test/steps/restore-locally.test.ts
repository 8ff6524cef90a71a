import { cp, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { checkDb, openFileSource } from '../../src/bolt/index.ts'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { returnMembers } from '../../src/steps/support/members.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { contextOf, stepOf } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'

let dir: string
let release: EtcdRelease
let facts: { fetched: Facts['fetched']; checked: Facts['checked'] }

/** The last writes are in the WAL only: etcd is killed right after it has answered (FACTS 2). */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  release = await memberDir(dir, (member) => putPods(member, 0, 150), 'killed')
  const source = await openFileSource(join(dir, 'member/snap/db'))
  const { revision, keys } = await checkDb(source)
  await source.close()
  const { size } = await stat(join(dir, 'member/snap/db'))
  facts = {
    fetched: { dir, bytes: size, files: [] },
    checked: { minor: release.minor, revision, keys, sizeBytes: size, findings: [] },
  }
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function restore(inputs: unknown, over: { confirm?: boolean; from?: string } = {}) {
  const { confirm, from = dir } = over
  const fetched = { ...facts.fetched, dir: from }
  const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
  const world = { etcd, scratch: await tempScratch(), prompter }
  const made = contextOf('restore-locally', { facts: { ...facts, fetched }, inputs, world })
  onTestFinished(() => returnMembers(made.world))
  const { restored } = (await stepOf('restore-locally').act(made.context as never)) as Pick<Facts, 'restored'>
  return { restored, notes: made.notes, prompter }
}

/** A copy of the fetched directory whose WAL is no WAL. */
async function withoutWal(): Promise<string> {
  const to = await tempDir()
  await cp(join(dir, 'member/snap'), join(to, 'member/snap'), { recursive: true })
  await cp(join(dir, 'member/wal'), join(to, 'member/wal'), { recursive: true })
  for (const name of await readdir(join(to, 'member/wal'))) await writeFile(join(to, 'member/wal', name), 'damaged')
  return to
}

describe('restore-locally', () => {
  test('replays the WAL: nothing that was acknowledged is lost; the fetched files stay as they are', async () => {
    const before = await stat(join(dir, 'member/snap/db'))
    const { restored, notes } = await restore({})
    expect(restored).toMatchObject({ way: 'wal', keys: 150, revision: 151, version: release.version })
    expect(restored.db).toEqual({ revision: facts.checked.revision, keys: facts.checked.keys })
    expect(notes.at(-1)).toMatch(/the WAL adds|both ways hold the same/)
    expect((await stat(join(dir, 'member/snap/db'))).mtimeMs).toBe(before.mtimeMs)
  })

  test('a WAL that cannot be replayed: db alone only when the operator agrees', async () => {
    const from = await withoutWal()
    await expect(restore({}, { from })).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set way=db/ })
    await expect(restore({}, { from, confirm: false })).rejects.toMatchObject({ code: 'PRECONDITION' })
    const { restored, prompter } = await restore({}, { from, confirm: true })
    expect(prompter.questions[0]).toMatch(/Writes acknowledged after it are lost/)
    expect(restored).toMatchObject({ way: 'db', keys: facts.checked.keys, wal: { failed: expect.any(String) } })
    expect(await readdir(join(restored.dataDir, 'member'))).toContain('snap')
  })

  test('way=db asks nothing, way=wal never falls back', async () => {
    const from = await withoutWal()
    const { restored, prompter } = await restore({ way: 'db' }, { from })
    expect(restored).toMatchObject({ way: 'db', wal: { failed: expect.stringContaining('not asked for') } })
    expect(prompter.questions).toEqual([])
    await expect(restore({ way: 'wal' }, { from, confirm: true })).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
  })
})
