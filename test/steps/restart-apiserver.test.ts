import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { node } from './support/nodes.ts'
import { runStep } from './support/step.ts'

const containers = ['kube-apiserver', 'etcd-manager', 'kube-scheduler']

function scene() {
  const log: string[] = []
  let isAway = false
  const down = new Set<string>()
  const kubelet = (name: string) => () => (down.has(name) ? 'inactive' : 'active')
  const controlPlane = [
    node('a', { containers, log, kubelet: kubelet('a') }),
    node('b', { containers, log, isAway: () => isAway, kubelet: kubelet('b') }),
    node('c', { containers, log, kubelet: kubelet('c') }),
  ]
  const run = (confirm?: boolean, remembered = new Map<string, unknown>()) => {
    const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
    return runStep('restart-apiserver', { world: { controlPlane, prompter }, remembered })
  }
  const setAway = (away: boolean) => {
    isAway = away
  }
  return { log, down, run, setAway }
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

  test('one that does not come back is named, and the others are restarted all the same', async () => {
    const { log, run, down } = scene()
    down.add('a')
    const { left } = await run()
    expect(log).toEqual(['a:kube-apiserver', 'b:kube-apiserver', 'c:kube-apiserver'])
    expect(left).toMatchObject([
      {
        node: 'a',
        command: 'sudo systemctl start kubelet',
        what: /kube-apiserver did not come back after the restart/,
      },
    ])
  })

  test('the last one that runs is left running where none comes back', async () => {
    const { log, run, down } = scene()
    for (const name of ['a', 'b', 'c']) down.add(name)
    await expect(run()).rejects.toMatchObject({ code: 'TIMED_OUT', message: /did not come back .* on a, b: / })
    expect(log).toEqual(['a:kube-apiserver', 'b:kube-apiserver'])
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
