import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { checkDb, openFileSource } from '../../src/bolt/index.ts'
import type { EtcdRelease } from '../../src/ports/etcd.ts'
import type { Copy, Facts } from '../../src/steps/facts.ts'
import { returnMembers } from '../../src/steps/support/members.ts'
import { etcd, memberDir, putPods } from './support/member-dir.ts'
import { contextOf, copyOf, stepOf } from './support/step.ts'
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

interface Over {
  confirm?: boolean
  from?: string
  /** What else was found. */
  copies?: Copy[]
  /** What check-copy said of its database. */
  checked?: Partial<Facts['checked']>
}

async function restore(inputs: unknown, over: Over = {}) {
  const { confirm, from = dir, copies = [], checked = {} } = over
  const fetched = { ...facts.fetched, dir: from }
  const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
  const world = { etcd, scratch: await tempScratch(), prompter }
  const made = contextOf('restore-locally', {
    facts: { copies: [copyOf(), ...copies], copy: copyOf(), fetched, checked: { ...facts.checked, ...checked } },
    inputs,
    world,
  })
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

/** One in which a bit of an old entry flipped, and whose database is of before all of them. */
async function damagedLog(key: string): Promise<string> {
  const to = await tempDir()
  await cp(join(dir, 'member'), join(to, 'member'), { recursive: true })
  const early = await tempDir()
  await memberDir(early, async () => {})
  await cp(join(early, 'member/snap/db'), join(to, 'member/snap/db'))
  const path = join(to, 'member/wal/0000000000000000-0000000000000000.wal')
  const bytes = await readFile(path)
  const at = bytes.indexOf(key) + 2
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(path, bytes)
  return to
}

/** The log of a directory that is damaged right behind its first records, with whole ones behind that. */
async function spoilLog(from: string): Promise<void> {
  const path = join(from, 'member/wal/0000000000000000-0000000000000000.wal')
  const bytes = await readFile(path)
  bytes.fill(0xff, 600, 1200)
  await writeFile(path, bytes)
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

  test('its database alone is never offered while another member holds more', async () => {
    const from = await withoutWal()
    const revision = facts.checked.revision + 40
    const other = copyOf({ id: 'b:old', node: 'b', revision, consistentIndex: revision })
    await expect(restore({}, { from, confirm: true, copies: [other] })).rejects.toMatchObject({
      code: 'PRECONDITION',
      hint: /--copy b:old/,
    })
    expect((await restore({ way: 'db' }, { from, copies: [other] })).restored.way).toBe('db')
  })

  test('a log damaged in the middle: what is before it only when the operator agrees, and no other copy has more', async () => {
    const from = await damagedLog('/registry/pods/default/p120')
    const over = { from, checked: { revision: 1, keys: 0 } }
    await expect(restore({}, over)).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set way=wal/ })
    const other = copyOf({ id: 'b:old', node: 'b', revision: 140, consistentIndex: 140 })
    await expect(restore({}, { ...over, confirm: true, copies: [other] })).rejects.toMatchObject({
      hint: /--copy b:old/,
    })
    const { restored, notes } = await restore({ way: 'wal' }, over)
    expect(restored).toMatchObject({
      way: 'wal',
      keys: 120,
      revision: 121,
      mended: [expect.stringMatching(/^cut the log/)],
    })
    expect(notes).toContainEqual(expect.stringMatching(/on the working copy, never on the original: cut the log/))
  })

  test('a log that is damaged before what a sound database holds: no database is made anew from the little that is left', async () => {
    const from = await tempDir()
    await cp(join(dir, 'member'), join(from, 'member'), { recursive: true })
    await spoilLog(from)
    await expect(restore({}, { from })).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set way=db/ })
    const { restored } = await restore({}, { from, confirm: true })
    expect(restored).toMatchObject({ way: 'db', revision: facts.checked.revision, keys: facts.checked.keys })
  })

  test('a lost database beside such a log: asked, and refused all the same, since not one key is left', async () => {
    const from = await tempDir()
    await cp(join(dir, 'member'), join(from, 'member'), { recursive: true })
    await spoilLog(from)
    await writeFile(join(from, 'member/snap/db'), '')
    const lost = { damage: 'its database is empty' }
    await expect(restore({}, { from, checked: lost })).rejects.toMatchObject({ code: 'ANSWER_MISSING' })
    await expect(restore({ way: 'wal' }, { from, checked: lost })).rejects.toMatchObject({
      code: 'COPY_CORRUPT',
      message: /holds no key/,
    })
  })

  test('way=db asks nothing, way=wal never falls back', async () => {
    const from = await withoutWal()
    const { restored, prompter } = await restore({ way: 'db' }, { from })
    expect(restored).toMatchObject({ way: 'db', wal: { failed: expect.stringContaining('not asked for') } })
    expect(prompter.questions).toEqual([])
    await expect(restore({ way: 'wal' }, { from, confirm: true })).rejects.toMatchObject({ code: 'COPY_CORRUPT' })
  })
})
