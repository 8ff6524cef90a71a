import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dirScratch } from '../../../src/adapters/scratch/index.ts'

const base = mkdtempSync(join(tmpdir(), 'etcd-rescue-scratch-test-'))
afterAll(() => rmSync(base, { recursive: true }))
const mode = (path: string) => statSync(path).mode & 0o777

test('directories are 0700, also one that was there with other rights', async () => {
  const scratch = dirScratch(join(base, 'modes'))
  expect(existsSync(join(base, 'modes'))).toBe(false)
  mkdirSync(join(base, 'modes'))
  chmodSync(join(base, 'modes'), 0o755)
  const dir = await scratch.dir('fetched', 'member')
  expect([mode(join(base, 'modes')), mode(join(base, 'modes', 'fetched')), mode(dir)]).toEqual([0o700, 0o700, 0o700])
  expect(await scratch.file('a', 'b.db')).toBe(join(base, 'modes', 'a', 'b.db'))
  expect(existsSync(join(base, 'modes', 'a'))).toBe(true)
})

test('knows this life of the machine by its name, or says that it does not', async () => {
  const scratch = dirScratch(join(base, 'boot'))
  const boot = await scratch.boot()
  expect(boot).toBe(await scratch.boot())
  if (process.platform === 'linux') expect(boot).toMatch(/^[0-9a-f-]{36}$/)
})

test('a part is one plain name and leads nowhere else', async () => {
  const scratch = dirScratch(join(base, 'parts'))
  for (const part of ['..', '.', '', 'a/b', '/etc', 'a\0b', 'a\nb', '\u001b[2J', 'x'.repeat(300)]) {
    await expect(scratch.dir(part), JSON.stringify(part)).rejects.toMatchObject({ code: 'LOCAL_FILE' })
    await expect(scratch.file('ok', part)).rejects.toMatchObject({ code: 'LOCAL_FILE' })
    expect(() => scratch.peek(part)).toThrow()
  }
  await expect(scratch.file()).rejects.toMatchObject({ code: 'LOCAL_FILE' })
  expect(scratch.peek('0000000000000001-0000000000000002.wal')).toMatch(/\.wal$/)
})

test('refuses when there is no room, also before the directory is there', async () => {
  const scratch = dirScratch(join(base, 'not', 'yet'))
  await scratch.needRoom(1)
  await expect(scratch.needRoom(2 ** 60)).rejects.toMatchObject({
    code: 'DISK_FULL',
    exitCode: 30,
    message: expect.stringContaining('B free where '),
  })
  expect(existsSync(join(base, 'not'))).toBe(false)
})

test('removes everything, follows no link, counts, and is fine with nothing', async () => {
  const outside = join(base, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'keep'), 'keep')
  const scratch = dirScratch(join(base, 'gone'))
  writeFileSync(await scratch.file('a', 'one'), '12345')
  writeFileSync(await scratch.file('two'), '678')
  symlinkSync(outside, await scratch.file('link'))
  expect(await scratch.removeAll()).toEqual({ files: 3, bytes: 8 })
  expect(existsSync(join(base, 'gone'))).toBe(false)
  expect(existsSync(join(outside, 'keep'))).toBe(true)
  expect(await scratch.removeAll()).toEqual({ files: 0, bytes: 0 })
})
