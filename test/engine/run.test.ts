import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryJournal, stopSwitch } from '../../src/engine/index.ts'
import type { StepContext } from '../../src/engine/step.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { Prompter } from '../../src/ports/prompter.ts'
import { newRun, planOf, runIt, step } from './support.ts'

const precondition = async () => {
  throw new RescueError('PRECONDITION', 'it does not hold', { hint: 'make it hold' })
}

describe('one run', () => {
  test('check, confirm, act, verify, in this order, with facts handed on', async () => {
    const order: string[] = []
    const told = (what: string) => async () => void order.push(what)
    const first = step({ id: 'first', gives: ['a'] })
    const second = step({
      id: 'second',
      needs: ['a'],
      gives: ['b'],
      effect: 'change',
      check: told('check'),
      act: async ({ needs }) => {
        order.push('act')
        return { b: `${needs.a}!` }
      },
      verify: async (_, { b }) => void order.push(`verify ${b}`),
    })
    const { result, statuses } = await runIt(planOf([first, second]))
    expect(order).toEqual(['check', 'act', 'verify a of first!'])
    expect(result).toMatchObject({ status: 'succeeded', exitCode: 0, facts: { a: 'a of first', b: 'a of first!' } })
    expect(statuses).toEqual({ first: 'done', second: 'done' })
    expect(result.changed).toEqual(['second: changes of second'])
  })

  test('a precondition is exit 20 before the first change and 30 after it', async () => {
    const bad = step({ id: 'bad', check: precondition, effect: 'change' })
    const before = await runIt(planOf([step({ id: 'look' }), bad]))
    expect(before.result).toMatchObject({ status: 'failed', exitCode: 20, error: { code: 'PRECONDITION' } })
    expect(before.result.unchanged).toEqual([
      'nothing was changed on the nodes or in the backup store',
      'bad: changes of bad',
    ])
    const after = await runIt(planOf([step({ id: 'ok', effect: 'change' }), bad]))
    expect(after.result.exitCode).toBe(30)
    expect(after.result.changed).toEqual(['ok: changes of ok'])
    expect(after.result.unchanged).toEqual(['bad: changes of bad'])
  })

  test('a node that a step left is in the result and beside what to type, of the last act alone', async () => {
    const left = { node: 'b', what: 'it is away', command: 'mend it', onNode: true }
    let times = 0
    const act = async ({ leave }: StepContext<unknown, unknown>) => {
      if (times++ < 2) await leave(left)
      if (times === 1) throw new RescueError('STEP_FAILED', 'no', { hint: 'again' })
      return {}
    }
    const plan = planOf([step({ id: 'start', effect: 'change', act })])
    const first = await runIt(plan)
    expect(first.result).toMatchObject({ status: 'failed', left: [left] })
    const { result, events } = await runIt(plan, { journal: first.journal })
    expect(result).toMatchObject({
      status: 'succeeded',
      exitCode: 0,
      left: [left],
    })
    expect(result.next).toContain('mend it   # on b: it is away')
    expect(events.filter(({ type }) => type === 'note')).toMatchObject([
      { line: 'careful: mend it   # on b: it is away' },
    ])
  })

  test('a failed act may have begun, and says what to type next', async () => {
    const plan = planOf([step({ id: 'bad', effect: 'change', act: precondition })])
    const { result, events } = await runIt(plan)
    expect(result.changed).toEqual(['bad (may have begun): changes of bad'])
    expect(result.exitCode).toBe(30)
    expect(result.next[0]).toBe(`etcd-rescue runs resume ${result.run}`)
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', status: 'failed', next: result.next })
  })

  test('a result that is not right is exit 40, and what is no RescueError is a bug', async () => {
    const wrong = async () => {
      throw new RescueError('NOT_VERIFIED', 'wrong', { hint: 'look' })
    }
    expect((await runIt(planOf([step({ id: 'x', effect: 'change', verify: wrong })]))).result.exitCode).toBe(40)
    const bug = async () => {
      throw new TypeError('oops')
    }
    expect((await runIt(planOf([step({ id: 'x', act: bug })]))).result).toMatchObject({
      exitCode: 1,
      error: { code: 'BUG' },
    })
  })

  test('a fact that was promised and not given is a bug of the step', async () => {
    const { result } = await runIt(planOf([step({ id: 'x', gives: ['a'], act: async () => ({}) })]))
    expect(result.error).toMatchObject({ code: 'BUG', message: 'the step x gave no a, or a wrong one' })
  })

  test('conditions on facts and inputs skip steps', async () => {
    const steps = [
      step({ id: 'x', gives: ['a'] }),
      step({ id: 'y' }),
      step({ id: 'z' }),
      step({ id: 'w', gives: ['b'] }),
    ]
    const lines =
      '  - id: x\n  - id: y\n    when: "!fact.a"\n  - id: z\n    when: fact.a\n  - id: w\n    when: inputs.quick'
    const { statuses } = await runIt(planOf(steps, lines, {}, 'inputs: { quick: { default: false } }'))
    expect(statuses).toEqual({ x: 'done', y: 'skipped', z: 'done', w: 'skipped' })
  })

  test.each([
    [{ is: false }, 'skipped', 'done'],
    [{ is: true }, 'done', 'skipped'],
    [{ is: 'unknown' }, 'done', 'skipped'],
    [{}, 'done', 'skipped'],
    // an older journal has no such fact at all
    [undefined, 'done', 'skipped'],
  ])('a condition on a field of a fact holds unless it is known to be false: %j', async (value, wanted, negated) => {
    const steps = [
      step({ id: 'x', gives: ['f'], act: async () => ({ f: value }) }),
      step({ id: 'y' }),
      step({ id: 'z' }),
    ]
    const lines = '  - id: x\n  - id: y\n    when: fact.f.is\n  - id: z\n    when: "!fact.f.is"'
    const plan = planOf(steps, lines)
    const { statuses } = await runIt({ ...plan, facts: { ...plan.facts, f: z.unknown() } })
    expect(statuses).toEqual({ x: 'done', y: wanted, z: negated })
  })

  test('a listener that throws does not end a recovery', async () => {
    const emit = () => {
      throw new Error('the screen broke')
    }
    const { result } = await runIt(planOf([step({ id: 'x' })]), { options: { emit } })
    expect(result.status).toBe('succeeded')
  })
})

describe('confirmations', () => {
  test('what is so already is not asked about, and is done all the same', async () => {
    const prompter = memoryPrompter({})
    const change = step({ id: 'x', effect: 'change', isSo: async () => true })
    const { result } = await runIt(planOf([change], '  - id: x\n    confirm: ask'), { world: { prompter } })
    expect(result).toMatchObject({ status: 'succeeded', steps: [{ id: 'x', status: 'done' }] })
    expect(prompter.questions).toEqual([])
  })

  test("the time that a question stood is nobody's work: no step took it, and the end tells it apart", async () => {
    const clock = memoryClock({ auto: false })
    let waited = 0
    const prompter: Prompter = {
      ...memoryPrompter({}),
      waitedMs: () => waited,
      confirm: async () => {
        clock.advance(300_000)
        waited += 300_000
        return true
      },
    }
    const change = step({ id: 'x', effect: 'change', act: async () => void clock.advance(2000) })
    const { result, events } = await runIt(planOf([change], '  - id: x\n    confirm: ask'), {
      world: { prompter, clock },
    })
    expect(result.steps).toMatchObject([{ id: 'x', seconds: 2 }])
    expect(events.at(-1)).toMatchObject({ type: 'run-finished', seconds: 2, askedSeconds: 300 })
  })

  const change = step({ id: 'x', effect: 'change' })
  const final = step({ id: 'y', effect: 'irreversible', happened: async () => undefined })

  test('without an answer nothing is done', async () => {
    const prompter = memoryPrompter()
    const { result, journal } = await runIt(planOf([change], '  - id: x\n    confirm: ask'), { world: { prompter } })
    expect(result).toMatchObject({
      exitCode: 20,
      error: { code: 'ANSWER_MISSING', hint: 'answer it with --yes' },
      changed: [],
    })
    expect(journal.state.steps.get('x')?.phase).toBe('started')
  })

  test('what cannot be taken back wants the name, and yes is not it', async () => {
    const wrong = await runIt(planOf([final]), { world: { prompter: memoryPrompter({ confirm: true, name: 'y' }) } })
    expect(wrong.result).toMatchObject({ exitCode: 20, error: { code: 'CONFIRMATION_WRONG' }, changed: [] })
    const none = await runIt(planOf([final]), { world: { prompter: memoryPrompter({ confirm: true }) } })
    expect(none.result.error).toMatchObject({ code: 'ANSWER_MISSING', hint: 'answer it with --confirm' })
  })

  test('no is a stop that can be resumed', async () => {
    const prompter = memoryPrompter({ confirm: false })
    const { result } = await runIt(planOf([change], '  - id: x\n    confirm: ask'), { world: { prompter } })
    expect(result).toMatchObject({ status: 'cancelled', exitCode: 130, changed: [] })
  })
})

describe('from and only', () => {
  const steps = [step({ id: 'x', gives: ['a'] }), step({ id: 'y', needs: ['a'] }), step({ id: 'z' })]

  test('take facts of an earlier run, or refuse', async () => {
    const refused = await runIt(planOf(steps), { options: { from: 'y' } })
    expect(refused.result).toMatchObject({
      exitCode: 2,
      error: { message: 'the steps before give what is missing: y needs a' },
    })
    const from = await runIt(planOf(steps), { options: { from: 'y', facts: { a: 'from before' } } })
    expect(from.statuses).toEqual({ x: 'skipped', y: 'done', z: 'done' })
    const only = await runIt(planOf(steps), { options: { only: 'y', facts: { a: 'from before' } } })
    expect(only.statuses).toEqual({ x: 'skipped', y: 'done', z: 'skipped' })
    expect((await runIt(planOf(steps), { options: { only: 'nope' } })).result.exitCode).toBe(2)
  })

  test('a resumed run is about the same steps', async () => {
    let broken = true
    const failing = step({
      id: 'z',
      act: async () => {
        if (broken) throw new RescueError('STEP_FAILED', 'no', { hint: 'again' })
        return {}
      },
    })
    const plan = planOf([step({ id: 'x' }), failing])
    const journal = memoryJournal(newRun(plan))
    expect((await runIt(plan, { journal, options: { only: 'z' } })).result.exitCode).toBe(30)
    broken = false
    expect((await runIt(plan, { journal })).statuses).toEqual({ x: 'skipped', z: 'done' })
  })
})

describe('stopping', () => {
  test('once: the step that changes something goes on to its end, the next does not begin', async () => {
    const stop = stopSwitch()
    const press = step({
      id: 'press',
      effect: 'change',
      act: async ({ signal }) => {
        stop.press()
        expect(signal.aborted).toBe(false)
        return {}
      },
    })
    const { result, statuses } = await runIt(planOf([press, step({ id: 'next' })]), { options: { stop } })
    expect(statuses).toEqual({ press: 'done' })
    expect(result).toMatchObject({
      status: 'cancelled',
      exitCode: 130,
      error: { code: 'STOPPED', hint: `etcd-rescue runs resume ${result.run}` },
    })
  })

  test('once: waits end, and so do transfers of a step that only reads', async () => {
    for (const effect of ['change', 'read'] as const) {
      const stop = stopSwitch()
      const waits = step({
        id: 'waits',
        effect,
        act: async ({ until }) =>
          until({ name: 'it', timeoutMs: 60_000, look: async () => ({ done: false, last: `${stop.press()}` }) }),
      })
      const { result } = await runIt(planOf([waits]), { options: { stop } })
      expect(result).toMatchObject({ status: 'cancelled', exitCode: 130 })
    }
    const stop = stopSwitch()
    const reads = step({
      id: 'reads',
      act: ({ signal }) => {
        stop.press()
        return aborted(signal)
      },
    })
    expect((await runIt(planOf([reads]), { options: { stop } })).result.status).toBe('cancelled')
  })

  test('twice: now, also in a step that changes something; the run can be resumed', async () => {
    const stop = stopSwitch()
    let tries = 0
    const slow = step({
      id: 'slow',
      effect: 'change',
      act: async ({ signal }) => {
        tries += 1
        if (tries > 1) return {}
        stop.press()
        stop.press()
        return aborted(signal)
      },
    })
    const plan = planOf([slow])
    const first = await runIt(plan, { options: { stop } })
    expect(first.result).toMatchObject({ status: 'cancelled', changed: ['slow (may have begun): changes of slow'] })
    const again = await runIt(plan, { journal: first.journal })
    expect(again.result).toMatchObject({ status: 'succeeded', steps: [{ id: 'slow', attempts: 2 }] })
  })

  test('twice: a step that does not listen is left behind', async () => {
    const stop = stopSwitch()
    const deaf = step({
      id: 'deaf',
      act: () => {
        stop.press()
        stop.press()
        return new Promise(() => {})
      },
    })
    const started = Date.now()
    expect((await runIt(planOf([deaf]), { options: { stop } })).result.status).toBe('cancelled')
    expect(Date.now() - started).toBeLessThan(8000)
  }, 10_000)
})

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}
