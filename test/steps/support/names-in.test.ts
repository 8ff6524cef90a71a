import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCopyLog } from '../../../src/steps/support/mend/look.ts'
import { entriesIn } from '../../../src/steps/support/names-in.ts'
import { tempDir } from './temp.ts'

test('a directory that is not there holds nothing; one that cannot be read is an error', async () => {
  const dir = await tempDir()
  writeFileSync(join(dir, 'file'), '')
  symlinkSync('loop', join(dir, 'loop'))
  expect((await entriesIn(dir)).map(({ name }) => name).sort()).toEqual(['file', 'loop'])
  expect(await entriesIn(join(dir, 'none'))).toEqual([])
  expect(await entriesIn(join(dir, 'file'))).toEqual([])
  await expect(entriesIn(join(dir, 'loop'))).rejects.toMatchObject({ code: 'ELOOP' })
})

test('a log that cannot be listed is not one that is not there', async () => {
  const dir = await tempDir()
  mkdirSync(join(dir, 'snap'))
  symlinkSync('wal', join(dir, 'wal'))
  await expect(readCopyLog(dir, new AbortController().signal)).rejects.toMatchObject({ code: 'ELOOP' })
})
