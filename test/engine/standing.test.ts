import { describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import type { StepContext } from '../../src/engine/step.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { planOf, runIt, step } from './support.ts'

type Ctx = StepContext<unknown, unknown>

/** A fence, a step that takes long to look, two changes ten seconds apart, its end, and one more change. */
function scene({
  keep = async () => {},
  wait,
}: {
  keep?: (context: Ctx) => Promise<void>
  wait?: (context: Ctx) => Promise<void>
}) {
  const clock = memoryClock()
  const order: string[] = []
  const act = (id: string) => async (context: Ctx) => {
    order.push(id)
    if (id === 'look') await wait?.(context)
    clock.advance(10_000)
    return {}
  }
  const kept = async (context: Ctx) => {
    order.push('keep')
    await keep(context)
  }
  const standing = { until: 'unfence', next: () => 'unfence it', keep: kept }
  const plan = planOf([
    step({ id: 'fence', effect: 'change', standing, act: act('fence') }),
    step({ id: 'look', act: act('look') }),
    step({ id: 'swap', effect: 'change', act: act('swap') }),
    step({ id: 'start', effect: 'change', act: act('start') }),
    step({ id: 'unfence', effect: 'change', act: act('unfence') }),
    step({ id: 'after', effect: 'change', act: act('after') }),
  ])
  const run = () => runIt(plan, { world: { clock } })
  return { order, run, clock }
}

/** Is not so for this long, by the clock of the run. */
const waitFor =
  (ms: number) =>
  async ({ until, world }: Ctx) => {
    const end = world.clock.now().getTime() + ms
    await until({
      ...{ name: 'it holds', timeoutMs: ms + 60_000, everyMs: 1000 },
      look: async () =>
        world.clock.now().getTime() >= end ? { done: true, value: true } : { done: false, last: 'not yet' },
    })
  }

describe('what stands between two steps', () => {
  test('is looked at before each change in between, and neither by who made it nor by who ends it', async () => {
    const { order, run } = scene({})
    await run()
    expect(order).toEqual(['fence', 'look', 'keep', 'swap', 'keep', 'start', 'unfence', 'after'])
  })

  test('that cannot be put back keeps the change from being made', async () => {
    const { order, run } = scene({
      keep: async () => {
        throw new RescueError('STEP_FAILED', 'it fell, and cannot be put back', { hint: 'by hand' })
      },
    })
    const { result } = await run()
    expect(order).toEqual(['fence', 'look', 'keep'])
    expect(result).toMatchObject({ exitCode: 30, error: { code: 'STEP_FAILED', message: /cannot be put back/ } })
    expect(result.next).toContain('unfence it')
  })

  test('is looked at in a wait, once a loop, and one that does not answer delays nothing', async () => {
    const { order, run } = scene({ wait: waitFor(35_000) })
    await run()
    expect(order.slice(0, order.indexOf('swap'))).toEqual(['fence', 'look', 'keep', 'keep', 'keep', 'keep', 'keep'])
    let open = () => {}
    const held = new Promise<void>((resolve) => {
      open = resolve
    })
    let looks = 0
    const slow = scene({
      wait: async (context) => waitFor(35_000)(context).then(open),
      keep: () => (looks++ === 0 ? held : Promise.resolve()),
    })
    expect((await slow.run()).result.status).toBe('succeeded')
    expect(slow.order.slice(0, 4)).toEqual(['fence', 'look', 'keep', 'keep'])
  })

  test('that fell for good while something was waited for ends the wait', async () => {
    const keep = async () => {
      throw new RescueError('STEP_FAILED', 'it fell, and cannot be put back', { hint: 'by hand' })
    }
    const { order, run, clock } = scene({ wait: waitFor(1_000_000), keep })
    const { result } = await run()
    expect(result.error).toMatchObject({ code: 'STEP_FAILED', message: /cannot be put back/ })
    expect(order).toEqual(['fence', 'look', 'keep'])
    expect(clock.slept).toBeLessThan(20_000)
  })
})
