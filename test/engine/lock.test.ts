import { expect, test } from 'vitest'
import { withhold } from '../../src/adapters/dry-run/index.ts'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { memoryTarget, memoryWorld } from '../../src/adapters/memory/world.ts'
import { acquireLock, breakLock, LOCK_KEY, type LockOptions, readLock, reportCall } from '../../src/engine/index.ts'
import { planOf, runIt, step } from './support.ts'

const alice = { user: 'alice', host: 'laptop' }
const bob = { user: 'bob', host: 'desk' }
const never = () => () => {}
const options = (over: Partial<LockOptions> = {}): LockOptions => ({
  owner: alice,
  runId: '20240321T130205Z-aaaaaa',
  clock: memoryClock(),
  ttlMs: 60_000,
  every: never,
  ...over,
})
const byBob = (over: Partial<LockOptions> = {}) => options({ owner: bob, runId: '20240321T130305Z-bbbbbb', ...over })

test('keeps a second operator out and names the first', async () => {
  const store = memoryStore()
  const held = await acquireLock(store, options())
  await expect(acquireLock(store, byBob())).rejects.toMatchObject({
    code: 'LOCKED',
    exitCode: 20,
    message:
      'this etcd cluster is locked: alice on laptop holds it for run 20240321T130205Z-aaaaaa since 2024-03-21T13:00:00.000Z, until 2024-03-21T13:01:00.000Z',
    hint: expect.stringContaining('--break-lock'),
  })
  await held.release()
  await (await acquireLock(store, byBob())).release()
  expect(await readLock(store)).toBeUndefined()
})

test('of ten at once one wins', async () => {
  const store = memoryStore()
  const tries = Array.from({ length: 10 }, (_, index) =>
    acquireLock(store, byBob({ runId: `20240321T130305Z-bbbbb${index}` })),
  )
  const results = await Promise.allSettled(tries)
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('an expired one is taken over, by one; the first then finds out and does not remove it', async () => {
  const store = memoryStore()
  const clock = memoryClock()
  const first = await acquireLock(store, options({ clock }))
  clock.advance(60_001)
  const both = await Promise.allSettled([
    acquireLock(store, byBob({ clock })),
    acquireLock(store, byBob({ clock, runId: '20240321T130305Z-cccccc' })),
  ])
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await first.renew()
  expect(first.lost).toMatchObject({ code: 'LOCK_LOST', exitCode: 30, message: expect.stringContaining('bob on desk') })
  await first.release()
  expect(await readLock(store)).toMatchObject({ user: 'bob' })
})

test('renewing keeps it, and a store that fails for a moment does not lose it', async () => {
  const inner = memoryStore()
  let failing = false
  const store: typeof inner = {
    ...inner,
    write: (...args) => (failing ? Promise.reject(new Error('503')) : inner.write(...args)),
  }
  const clock = memoryClock()
  const held = await acquireLock(store, options({ clock }))
  for (let turn = 0; turn < 5; turn += 1) {
    clock.advance(20_000)
    await held.renew()
  }
  await expect(acquireLock(store, byBob({ clock }))).rejects.toMatchObject({ code: 'LOCKED' })
  failing = true
  clock.advance(20_000)
  await held.renew()
  expect(held.lost).toBeUndefined()
  clock.advance(60_000)
  await held.renew()
  expect(held.lost).toMatchObject({ code: 'LOCK_LOST' })
})

test('the same run of the same operator takes its own lock again, another run of theirs does not', async () => {
  const store = memoryStore()
  await acquireLock(store, options())
  await acquireLock(store, options())
  await expect(acquireLock(store, options({ runId: '20240321T140205Z-dddddd' }))).rejects.toMatchObject({
    code: 'LOCKED',
  })
})

test('can be broken on purpose, and one that cannot be read is a lock all the same', async () => {
  const store = memoryStore()
  await acquireLock(store, options())
  expect(await breakLock(store)).toMatchObject({ user: 'alice' })
  await (await acquireLock(store, byBob())).release()
  await store.write(LOCK_KEY, Buffer.from('{'))
  await expect(acquireLock(store, byBob())).rejects.toMatchObject({ code: 'LOCKED' })
})

const change = step({ id: 'x', effect: 'change' })

test('a run that changes something is refused before its first step, and leaves no lock behind when it runs', async () => {
  const store = memoryStore()
  const clock = memoryClock()
  const held = await acquireLock(store, options({ clock }))
  const { result } = await runIt(planOf([change]), { world: { store, clock } })
  expect(result).toMatchObject({ status: 'failed', exitCode: 20, error: { code: 'LOCKED' }, steps: [] })
  await held.release()
  expect((await runIt(planOf([change]), { world: { store, clock } })).result.status).toBe('succeeded')
  expect(await readLock(store)).toBeUndefined()
})

test('a run that only reads needs no lock', async () => {
  const store = memoryStore()
  await acquireLock(store, options())
  expect((await runIt(planOf([step({ id: 'x' })]), { world: { store } })).result.status).toBe('succeeded')
})

test('--break-lock takes it from who holds it; who lost it ends at the next safe point', async () => {
  const store = memoryStore()
  const broken: unknown[] = []
  const steals = step({
    id: 'x',
    effect: 'change',
    act: async ({ until }) => {
      const { result } = await runIt(planOf([change]), { world: { store }, options: { lock: { breakLock: true } } })
      broken.push(result.status)
      return until({ name: 'the lock is lost', timeoutMs: 5000, look: async () => ({ done: false, last: 'not yet' }) })
    },
  })
  const slow = {
    now: () => new Date(),
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / 20)),
  }
  const { result } = await runIt(planOf([steals]), { world: { store, clock: slow }, options: { lock: { ttlMs: 90 } } })
  expect(broken).toEqual(['succeeded'])
  expect(result).toMatchObject({ exitCode: 30, error: { code: 'LOCK_LOST' } })
})

test('a dry run only looks and names the holder', async () => {
  const store = memoryStore()
  const clock = memoryClock()
  await acquireLock(store, options({ clock }))
  const world = withhold(memoryWorld({ store, clock, target: memoryTarget }), reportCall)
  const { result, events } = await runIt(planOf([change]), { world })
  expect(result.status).toBe('dry-run')
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'note', line: expect.stringContaining('alice on laptop') }),
  )
  expect(await readLock(store)).toMatchObject({ user: 'alice' })
})
