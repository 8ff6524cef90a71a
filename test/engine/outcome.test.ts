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
