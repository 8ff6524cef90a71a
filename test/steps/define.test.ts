import { expect, test } from 'vitest'
import { defineStep } from '../../src/steps/define.ts'

const more = {
  ...{ id: 'a-step', title: 'a step', effect: 'read' as const },
  describe: () => ({ reads: [], changes: [] }),
  act: async () => ({}) as never,
}

// Held by the compiler, which `npm test` runs over the tests too: an expected error that is none is one
test('the facts that a step needs, uses and gives are those that it names', () => {
  expect(defineStep<'copies' | 'copy'>({ ...more, needs: ['copy', 'copies'] }).needs).toEqual(['copy', 'copies'])
  expect(defineStep({ ...more })).toMatchObject({ needs: [], gives: [] })
  // @ts-expect-error one is left out
  defineStep<'copies' | 'copy'>({ ...more, needs: ['copy'] })
  // @ts-expect-error one is named that is none of its needs
  defineStep<'copies'>({ ...more, needs: ['copies', 'copy'] })
  // @ts-expect-error it says nothing of what it needs
  defineStep<'copies'>({ ...more })
  // @ts-expect-error what it gives is left out
  defineStep<never, 'copy'>({ ...more })
})
