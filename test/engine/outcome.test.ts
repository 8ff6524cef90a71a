import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { dirScratch } from '../../src/adapters/scratch/index.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { planOf, runIt, step } from './support.ts'

const dir = mkdtempSync(join(tmpdir(), 'rescue-outcome-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const fetch = step({
  id: 'fetch',
  effect: 'local',
  act: async ({ world }) => {
    writeFileSync(await world.scratch.file('db'), 'secret')
    return {}
  },
})
const bad = step({
  id: 'bad',
  effect: 'change',
  check: async () => {
    throw new RescueError('PRECONDITION', 'it does not hold', { hint: 'make it hold' })
  },
})

test('files on this machine are no change of the cluster, but the operator learns where they stay', async () => {
  const scratch = dirScratch(join(dir, 'scratch'), { reserveBytes: 0 })
  const { result } = await runIt(planOf([fetch, bad]), { world: { scratch } })
  expect(result).toMatchObject({ exitCode: 20, changed: [] })
  expect(result.next.at(-1)).toContain(`rm -r ${join(dir, 'scratch')} `)
})

test('nothing is said of a scratch that is gone', async () => {
  const scratch = dirScratch(join(dir, 'gone'), { reserveBytes: 0 })
  const remove = step({ id: 'remove', effect: 'local', act: async () => ({ ...(await scratch.removeAll()) }) })
  const { result } = await runIt(planOf([fetch, remove]), { world: { scratch } })
  expect(existsSync(scratch.peek())).toBe(false)
  expect(result).toMatchObject({ status: 'succeeded', next: [] })
})

test('what a step leaves to a person is named at the end, also where the next one fails', async () => {
  const look = step({ id: 'look', next: () => ['etcd-rescue run verify-members   # c was not compared'] })
  for (const [plan, status] of [
    [[look], 'succeeded'],
    [[look, bad], 'failed'],
  ] as const) {
    const { result } = await runIt(planOf([...plan]), {})
    expect(result.status).toBe(status)
    expect(result.next.filter((line) => line.includes('verify-members'))).toEqual([
      'etcd-rescue run verify-members   # c was not compared',
    ])
  }
})

test('what a step found and is not right is told, and given to no other step', async () => {
  const wrong = step({
    id: 'wrong',
    gives: ['count'],
    act: async () => ({ count: '7' }),
    verify: async () => {
      throw new RescueError('NOT_VERIFIED', 'not 8', { hint: 'count again' })
    },
  })
  const { result } = await runIt(planOf([wrong]), {})
  expect(result).toMatchObject({ exitCode: 40, facts: {}, unverified: { count: '7' } })
})

const refuse = (code: 'ANSWER_MISSING' | 'PRECONDITION', hint: string) =>
  step({
    id: 'bad',
    effect: 'change',
    check: async () => {
      throw new RescueError(code, 'it does not hold', { hint })
    },
  })
const nextOf = async (code: 'ANSWER_MISSING' | 'PRECONDITION', hint: string) =>
  (await runIt(planOf([refuse(code, hint)]), {})).result.next[0]

test('what is told next does not end in the same place: the answer that a resumed run takes is there', async () => {
  expect(await nextOf('ANSWER_MISSING', 'answer it with --confirm staging.example.com')).toMatch(
    /^etcd-rescue runs resume \S+ --confirm staging\.example\.com$/,
  )
  expect(await nextOf('ANSWER_MISSING', 'answer it with --yes')).toMatch(/^etcd-rescue runs resume \S+ --yes$/)
  expect(await nextOf('PRECONDITION', 'make it hold')).toMatch(/^etcd-rescue runs resume \S+$/)
})

test('what a run keeps for itself is given to a new one', async () => {
  expect(await nextOf('ANSWER_MISSING', 'answer it with --set way=wal')).toMatch(
    /^etcd-rescue run \S+ --etcd-cluster main --set '?way=wal'?$/,
  )
  expect(await nextOf('PRECONDITION', 'say which: --copy a:x or --copy b:y')).toMatch(
    /^etcd-rescue run \S+ --etcd-cluster main +# with what is asked for above$/,
  )
})
