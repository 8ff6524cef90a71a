import { describe, expect, test } from 'vitest'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { Scratch } from '../../src/ports/scratch.ts'
import { mustHaveRoom, roomToRebuild, roomToReturn, roomToTry } from '../../src/steps/support/room.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { copyOf, runStep } from './support/step.ts'

const MiB = 2 ** 20
const copy = copyOf({ sizeBytes: 100 * MiB, walBytes: 64 * MiB })

/** A disk with so much room. */
const diskOf = (free: number): Scratch => ({
  ...memoryWorld().scratch,
  needRoom: async (bytes) => {
    if (bytes > free) throw new RescueError('DISK_FULL', `${bytes / MiB} MiB are needed`, { hint: 'make room' })
  },
})

describe('room on this machine', () => {
  test('is asked for when the copy is chosen: all that is there together, and what runs now', async () => {
    const choosing = (free: number) =>
      runStep('choose-copy', { facts: { copies: [copy] }, world: { scratch: diskOf(free) } })
    expect(roomToRebuild(copy)).toBe((4 * 100 + 2 * 64 + 128) * MiB)
    await expect(choosing(655 * MiB)).rejects.toMatchObject({ code: 'DISK_FULL', message: '656 MiB are needed' })
    expect((await choosing(656 * MiB)).gives).toEqual({ copy })
  })

  test('is asked for what the running cluster takes when it is saved, behind the fence', async () => {
    const client = kvClient({ '/registry/pods/a': 'x' })
    const live = liveAs(() => ({
      ...client,
      status: async () => ({ ...(await client.status()), dbSizeBytes: 7 * MiB }),
    }))
    const asking = (free: number) => mustHaveRoom(memoryWorld({ live, scratch: diskOf(free) }), 10 * MiB)
    await expect(asking(16 * MiB)).rejects.toMatchObject({ code: 'DISK_FULL', message: '17 MiB are needed' })
    await asking(17 * MiB)
    await mustHaveRoom(memoryWorld({ scratch: diskOf(10 * MiB) }), 10 * MiB)
  })

  test('is less for a return, and by its unpacked size for a backup', () => {
    expect(roomToReturn(copy)).toBe((3 * 100 + 2 * 64 + 128) * MiB)
    expect(roomToTry(50 * MiB)).toBe((2 * 50 + 128) * MiB)
  })
})
