import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileStore } from '../../src/adapters/file/store.ts'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { acquireLock, LOCK_KEY, type LockOptions, readLock } from '../../src/engine/index.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { type LabS3Fixture, labS3 } from '../support/lab-s3.ts'

const MINUTE = 60_000

/** A laptop's clock that is wrong by so much. */
const wrongBy = (ms: number): Clock => ({ now: () => new Date(Date.now() + ms), sleep: async () => {} })
const by = (user: string, clock: Clock, over: Partial<LockOptions> = {}): LockOptions => ({
  owner: { user, host: 'laptop' },
  runId: `20240321T130205Z-${user}`,
  clock,
  every: () => () => {},
  ...over,
})

describe('a lock in S3, by the clock of the store', () => {
  let lab: LabS3Fixture
  let ahead = 0
  beforeAll(async () => {
    lab = await labS3({ now: () => Date.now() + ahead })
  })
  afterAll(() => lab.close())

  test.each([6, -6])('a clock that is wrong by %i minutes takes nothing over', async (minutes) => {
    const held = await acquireLock(lab.store(), by('alice', wrongBy(0)))
    await expect(acquireLock(lab.store(), by('bob', wrongBy(minutes * MINUTE)))).rejects.toMatchObject({
      code: 'LOCKED',
    })
    await held.release()
    const other = await acquireLock(lab.store(), by('bob', wrongBy(minutes * MINUTE)))
    await expect(acquireLock(lab.store(), by('alice', wrongBy(0)))).rejects.toMatchObject({ code: 'LOCKED' })
    await other.renew()
    await expect(acquireLock(lab.store(), by('alice', wrongBy(0)))).rejects.toMatchObject({ code: 'LOCKED' })
    expect(other.lost).toBeUndefined()
    await other.release()
  })

  test('one that nobody renewed for five minutes is taken over, whatever the clocks here say', async () => {
    await acquireLock(lab.store(), by('alice', wrongBy(6 * MINUTE)))
    ahead = 5 * MINUTE + 2000
    const held = await acquireLock(lab.store(), by('bob', wrongBy(-6 * MINUTE)))
    expect(await readLock(lab.store())).toMatchObject({ user: 'bob' })
    await held.release()
    ahead = 0
  })
})

test('a lock on a disk, by the clock that stamps its files', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'er-lock-'))
  const store = fileStore(`file://${dir}`)
  const held = await acquireLock(store, by('alice', wrongBy(0)))
  await expect(acquireLock(store, by('bob', wrongBy(6 * MINUTE)))).rejects.toMatchObject({ code: 'LOCKED' })
  await held.release()
  expect((await store.list('')).map(({ key }) => key)).toEqual([])
  await rm(dir, { recursive: true })
})

describe('a lock in a store that does not tell its time', () => {
  const fast = () => memoryClock({ start: '2024-03-21T13:06:00Z' })

  test('is watched for as long as it lives, and not taken over when it is renewed', async () => {
    const store = memoryStore()
    const held = await acquireLock(store, by('alice', memoryClock()))
    const clock = fast()
    const watching: Clock = {
      now: clock.now,
      sleep: async (ms) => {
        await held.renew()
        await store.write(LOCK_KEY, Buffer.concat([(await store.read(LOCK_KEY)).body, Buffer.from('\n')]))
        return clock.sleep(ms)
      },
    }
    await expect(acquireLock(store, by('bob', watching))).rejects.toMatchObject({ code: 'LOCKED' })
    expect(clock.slept).toBe(5 * MINUTE)
  })

  test('says why it waits, and stops waiting when it is told to', async () => {
    const store = memoryStore()
    await acquireLock(store, by('alice', memoryClock()))
    const stop = new AbortController()
    const notes: string[] = []
    const waiting: Clock = {
      now: fast().now,
      sleep: async (_ms, signal) => {
        stop.abort()
        signal?.throwIfAborted()
      },
    }
    const over = { signal: stop.signal, note: (line: string) => void notes.push(line) }
    await expect(acquireLock(store, by('bob', waiting, over))).rejects.toThrow(/abort/i)
    expect(notes).toEqual([expect.stringMatching(/^the store does not tell its time: for 300 s .* alice@laptop/)])
    expect(await readLock(store)).toMatchObject({ user: 'alice' })
  })

  test('is taken over when it stood still all the time', async () => {
    const store = memoryStore()
    await acquireLock(store, by('alice', memoryClock()))
    const clock = fast()
    await acquireLock(store, by('bob', clock))
    expect(clock.slept).toBe(5 * MINUTE)
    expect(await readLock(store)).toMatchObject({ user: 'bob' })
  })
})
