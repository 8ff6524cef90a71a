import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { node } from './support/nodes.ts'
import { runStep } from './support/step.ts'

const containers = ['kube-apiserver', 'etcd-manager', 'kube-scheduler']

function scene() {
  const log: string[] = []
  let isAway = false
  const controlPlane = [
    node('a', { containers, log }),
    node('b', { containers, log, isAway: () => isAway }),
    node('c', { containers, log }),
  ]
  const run = (confirm?: boolean, remembered = new Map<string, unknown>()) => {
    const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
    return runStep('restart-apiserver', { world: { controlPlane, prompter }, remembered })
  }
  const setAway = (away: boolean) => {
    isAway = away
  }
  return { log, run, setAway }
}

describe('restart-apiserver', () => {
  test('every API server once, one node after the other, and nothing else', async () => {
    const { log, run } = scene()
    const { notes } = await run()
    expect(log).toEqual(['a:kube-apiserver', 'b:kube-apiserver', 'c:kube-apiserver'])
    expect(notes).toHaveLength(3)
  })

  test('a node that is away does not keep the others down; going on without it is asked', async () => {
    const { log, run, setAway } = scene()
    setAway(true)
    const { notes } = await run(true)
    expect(log).toEqual(['a:kube-apiserver', 'c:kube-apiserver'])
    expect(notes.at(-1)).toMatch(/not restarted on nodes that cannot be reached: b: .*Restart it there/)
  })

  test('with nobody to ask it is no success; resumed, only that node is restarted', async () => {
    const { log, run, setAway } = scene()
    const remembered = new Map<string, unknown>()
    setAway(true)
    await expect(run(undefined, remembered)).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--yes/ })
    await expect(run(false, remembered)).rejects.toMatchObject({ code: 'STEP_FAILED', message: /b: / })
    setAway(false)
    log.length = 0
    await run(undefined, remembered)
    expect(log).toEqual(['b:kube-apiserver'])
  })
})
