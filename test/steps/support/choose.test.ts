import { expect, test } from 'vitest'
import { memoryPrompter } from '../../../src/adapters/memory/prompter.ts'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import type { Prompter } from '../../../src/ports/prompter.ts'
import type { Copy } from '../../../src/steps/facts.ts'
import { chooseCopyOf } from '../../../src/steps/support/choose.ts'
import { runningCluster } from '../../../src/steps/support/running.ts'
import { copyOf } from './step.ts'

const old = ['a', 'b', 'c'].map((node) => copyOf({ node, id: `${node}:old`, revision: 900, walTerm: 3, walIndex: 950 }))
const runs = ['a', 'b', 'c'].map((node) =>
  copyOf({
    node,
    id: `${node}:new`,
    token: 'new',
    path: '/mnt/v/data/new',
    place: 'data',
    serving: true,
    clusterId: 'ff',
  }),
)

async function choose(copies: Copy[]) {
  const asked: { question: string; labels: string[] }[] = []
  const prompter: Prompter = {
    ...memoryPrompter(),
    interactive: true,
    select: async (question, choices) => {
      asked.push({ question, labels: choices.map(({ label }) => label) })
      return choices[0]?.value as never
    },
  }
  const context = { inputs: { copy: 'auto' }, needs: { copies }, world: memoryWorld({ prompter }), note: () => {} }
  const found = { copies, running: runningCluster(copies), live: undefined }
  return { copy: await chooseCopyOf(context as never, found as never, 'generation'), asked }
}

test('nobody is asked which of the members that all return', async () => {
  const { copy, asked } = await choose([...runs, ...old])
  expect(copy.token).toBe('old')
  expect(asked).toEqual([])
})

test('of two generations of the cluster one is asked for, each by its best member', async () => {
  const older = copyOf({
    id: 'a:older',
    token: 'older',
    path: '/mnt/v/data-trashcan/older',
    revision: 400,
    walTerm: 2,
    walIndex: 450,
  })
  const { asked } = await choose([...runs, ...old, older])
  expect(asked).toEqual([
    {
      question: 'Return to which generation?',
      labels: [
        expect.stringMatching(/^a:old +trashcan +revision 900/),
        expect.stringMatching(/^a:older +trashcan +revision 400/),
      ],
    },
  ])
})
