import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memberDir, putPods } from './support/member-dir.ts'
import { copyOf, runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

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
