import { expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryTarget, memoryWorld } from '../../src/adapters/memory/world.ts'
import { stopSwitch, undoRun } from '../../src/engine/index.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { planOf, runIt, step } from './support.ts'

function failingPlan(log: string[], wall: boolean) {
  const undo = (id: string) => async (_: unknown, gives: unknown) => void log.push(`${id} ${JSON.stringify(gives)}`)
  const bad = async () => {
    throw new RescueError('STEP_FAILED', 'no', { hint: 'x' })
  }
  return planOf([
    step({ id: 'one', effect: 'change', gives: ['a'], undo: undo('one') }),
    step(wall ? { id: 'wall', effect: 'irreversible', happened: async () => ({}) } : { id: 'wall', effect: 'change' }),
    step({ id: 'two', effect: 'change', gives: ['b'], undo: undo('two') }),
    step({ id: 'three', effect: 'change', act: bad, undo: undo('three') }),
    step({ id: 'four', effect: 'change', undo: undo('four') }),
  ])
}

const world = (confirm: boolean) => memoryWorld({ prompter: memoryPrompter({ confirm, name: memoryTarget.cluster }) })
const options = () => ({ emit: () => {}, stop: stopSwitch() })

test('walks back from the last step, the failed one too, to the first', async () => {
  const log: string[] = []
  const plan = failingPlan(log, false)
  const { result, journal } = await runIt(plan)
  expect(result.undoable).toEqual(['three', 'two', 'one'])
  const undone = await undoRun(plan, world(true), journal, options())
  expect(undone).toMatchObject({ undone: ['three', 'two', 'one'], left: [], exitCode: 0 })
  expect(log).toEqual(['three undefined', 'two {"b":"b of two"}', 'one {"a":"a of one"}'])
})

test('ends at what cannot be taken back', async () => {
  const log: string[] = []
  const plan = failingPlan(log, true)
  const { result, journal } = await runIt(plan)
  expect(result.undoable).toEqual(['three', 'two'])
  expect((await undoRun(plan, world(true), journal, options())).undone).toEqual(['three', 'two'])
})

test('asks first, and an undone step runs again when the run is resumed', async () => {
  const log: string[] = []
  const plan = failingPlan(log, false)
  const { journal } = await runIt(plan)
  expect(await undoRun(plan, world(false), journal, options())).toMatchObject({ undone: [], exitCode: 130 })
  expect(log).toEqual([])
  await undoRun(plan, world(true), journal, options())
  const { events, statuses } = await runIt(plan, { journal })
  const started = events.flatMap((event) => (event.type === 'step-started' ? [event.step] : []))
  expect(started).toEqual(['one', 'two', 'three'])
  expect(statuses).toEqual({ one: 'done', wall: 'done', two: 'done', three: 'failed' })
})

test('an undo that fails is told, with what is left', async () => {
  const bad = async () => {
    throw new RescueError('STORE_FAILED', 'the store went away', { hint: 'wait' })
  }
  const plan = planOf([
    step({ id: 'one', effect: 'change', undo: async () => {} }),
    step({ id: 'two', effect: 'change', undo: bad }),
    step({ id: 'three', check: bad }),
  ])
  const { journal } = await runIt(plan)
  const result = await undoRun(plan, world(true), journal, options())
  expect(result).toMatchObject({ undone: [], left: ['two', 'one'], exitCode: 30, error: { code: 'STORE_FAILED' } })
})
