import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lookFirst } from '../../src/adapters/look-first-store.ts'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { memoryTarget } from '../../src/adapters/memory/world.ts'
import { acquireLock, LOCK_KEY } from '../../src/engine/index.ts'
import type { Fault } from '../../src/lab/s3/faults.ts'
import { type LabS3Fixture, labS3 } from '../support/lab-s3.ts'
import { planOf, runIt, step } from './support.ts'

const change = step({ id: 'x', effect: 'change' })
const KINDS: [string, Fault][] = [
  ['ignores them', { kind: 'ignore-conditions' }],
  ['refuses them', { kind: 'answer', code: 'NotImplemented', when: ({ operation }) => operation === 'PutObject' }], // S3's own word of a store without conditions
]

describe.each(KINDS)('a store without conditional writes, which %s', (_, fault) => {
  let lab: LabS3Fixture
  const keys = async () => (await lab.store().list('')).map(({ key }) => key)
  const begin = (over: object = {}, name?: string) => {
    const prompter = memoryPrompter(name === undefined ? {} : { name })
    return runIt(planOf([change]), { world: { store: lab.store(), prompter }, ...over })
  }
  const without = { options: { lock: { withoutLock: true } } }
  beforeEach(async () => {
    lab = await labS3()
    lab.faults.add({ ...fault, times: Number.POSITIVE_INFINITY })
  })
  afterEach(() => lab.close())

  test('ends a run before its first step, with the way on, and nothing stays in the store', async () => {
    const { result } = await begin()
    expect(result).toMatchObject({
      exitCode: 20,
      steps: [],
      error: { code: 'STORE_UNCONDITIONAL', hint: expect.stringContaining('--without-lock') },
    })
    expect(await keys()).toEqual([])
  })

  test('goes on without the lock when the name was typed, and says so', async () => {
    const { result, events } = await begin(without, memoryTarget.cluster)
    expect(result.status).toBe('succeeded')
    expect(events).toContainEqual(expect.objectContaining({ line: expect.stringContaining('without the lock') }))
    expect(await keys()).toEqual([])
  })

  test.each([
    ['nobody types it', undefined, 'ANSWER_MISSING'],
    ['another one is typed', 'other.example.com', 'CONFIRMATION_WRONG'],
  ])('does not go on when %s', async (__, name, code) => {
    const { result } = await begin(without, name)
    expect(result).toMatchObject({ exitCode: 20, steps: [], error: { code } })
  })
})

test('a store that keeps writers apart is asked once, and --without-lock takes the lock all the same', async () => {
  const lab = await labS3()
  const store = lab.store()
  const held = await acquireLock(store, {
    owner: { user: 'alice', host: 'laptop' },
    runId: '20240321T130205Z-aaaaaa',
    clock: memoryClock(),
    every: () => () => {},
  })
  expect((await store.list('')).map(({ key }) => key)).toEqual([LOCK_KEY])
  const options = { lock: { withoutLock: true } }
  const { result } = await runIt(planOf([change]), { world: { store: lab.store() }, options })
  expect(result).toMatchObject({ exitCode: 20, error: { code: 'LOCKED' } })
  await held.release()
  await lab.close()
})

test('looking first keeps out who came earlier', async () => {
  const store = lookFirst({ ...memoryStore(), hasConditions: async () => false })
  const { version } = await store.write('a', Buffer.from('1'), { ifAbsent: true })
  await expect(store.write('a', Buffer.from('2'), { ifAbsent: true })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
  await store.write('a', Buffer.from('3'), { ifVersion: version })
  await expect(store.write('a', Buffer.from('4'), { ifVersion: version })).rejects.toMatchObject({
    code: 'STORE_CONFLICT',
  })
  expect((await store.read('a')).body.toString()).toBe('3')
})
