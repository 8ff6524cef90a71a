import { readdir } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect, test, vi } from 'vitest'
import { memoryStore } from '../../../src/adapters/memory/store.ts'
import { RescueError } from '../../../src/errors/rescue-error.ts'
import type { Scratch } from '../../../src/ports/scratch.ts'
import { downloadBackup } from '../../../src/steps/support/backup.ts'
import { inflateBackup } from '../../../src/steps/support/inflate.ts'
import { addBackup } from './backups.ts'
import { tempScratch } from './temp.ts'

// Each ends in a second on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000 })

const MB = 1 << 20
/** 128 MiB of zeros in an eighth of a megabyte. */
const BOMB = Buffer.concat(Array(8).fill(gzipSync(Buffer.alloc(16 * MB))))
const { signal } = new AbortController()

/** A disk with room for so many bytes; `asked` for how many in all. */
async function smallDisk(room: number): Promise<{ scratch: Scratch; asked: () => number }> {
  const scratch = await tempScratch()
  let asked = 0
  const needRoom = async (bytes: number) => {
    asked += bytes
    if (asked > room) throw new RescueError('DISK_FULL', 'no room', { hint: 'make room' })
  }
  return { scratch: { ...scratch, needRoom }, asked: () => asked }
}

test('a backup that unpacks without end is stopped before the disk is full, and what came is removed', async () => {
  const store = memoryStore()
  await addBackup(store, 'bomb', BOMB)
  const { scratch, asked } = await smallDisk(100 * MB)
  const path = await scratch.file('trial.db')
  let most = 0
  const onBytes = (total: number) => {
    most = total
  }
  await expect(downloadBackup(store, 'bomb', path, { scratch, signal, onBytes })).rejects.toMatchObject({
    code: 'DISK_FULL',
  })
  expect(asked()).toBe(128 * MB)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(64 * MB)
  expect(await readdir(await scratch.dir())).toEqual([])
})

test('so is one that is only looked into', async () => {
  const { scratch, asked } = await smallDisk(100 * MB)
  const options = { scratch, signal, name: 'bomb', inMemory: MB }
  await expect(inflateBackup(Readable.from([BOMB]), options)).rejects.toMatchObject({ code: 'DISK_FULL' })
  expect(asked()).toBe(128 * MB)
  expect(await readdir(await scratch.dir())).toEqual([])
})
