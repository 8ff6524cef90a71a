import { describe, expect, test } from 'vitest'
import type { MemoryScript } from '../../src/adapters/memory/host.ts'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, targetOf } from './support/nodes.ts'
import { runStep } from './support/step.ts'

describe('restart-kubelets', () => {
  test('on the control plane and on every worker', async () => {
    const log: string[] = []
    const controlPlane = [node('a', { log })]
    const workers = ['w1', 'w2', 'w3'].map((name) => node(name, { role: 'worker', log }))
    const { notes } = await runStep('restart-kubelets', { inputs: { batch: 2 }, world: { controlPlane, workers } })
    expect(notes.at(-1)).toMatch(
      /^not restarted, and they wait .*kube-proxy, the network plugin .* every operator.* static pod.*: crictl stop/,
    )
    expect(log.sort()).toEqual(['a:kubelet', 'w1:kubelet', 'w2:kubelet', 'w3:kubelet'])
  })

  test('not more at once than the batch', async () => {
    let [now, most] = [0, 0]
    const workers = ['w1', 'w2', 'w3', 'w4', 'w5'].map((name) => {
      const host = node(name, { role: 'worker' })
      const run: typeof host.run = async (command) => {
        if (command.effect === 'read') return host.run(command)
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 10))
        now -= 1
        return host.run(command)
      }
      return { ...host, run }
    })
    await runStep('restart-kubelets', { inputs: { batch: '2' }, world: { workers } })
    expect(most).toBe(2)
  })

  test('one that fails does not keep the others waiting; resumed, only it is restarted', async () => {
    const log: string[] = []
    const codes = [1, 0]
    const workers = [
      node('w1', { log, restartCode: () => codes.shift() ?? 0 }),
      ...['w2', 'w3'].map((name) => node(name, { log })),
    ]
    const options = { inputs: { batch: 1 }, world: { workers }, remembered: new Map<string, unknown>() }
    await expect(runStep('restart-kubelets', options)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: /on 1 of 3 nodes: w1: .*Job for kubelet.service failed/,
    })
    expect(log).toEqual(['w2:kubelet', 'w3:kubelet'])
    await runStep('restart-kubelets', options)
    expect(log).toEqual(['w2:kubelet', 'w3:kubelet', 'w1:kubelet'])
  })

  test('killed right after a restart, before that was written down: it is not done twice', async () => {
    const log: string[] = []
    let pid = 7
    const script: MemoryScript = ([, verb]) =>
      verb === 'show'
        ? { stdout: `LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=${pid}\n` }
        : undefined
    const workers = [node('w1', { log, script }), node('w2', { log, script })]
    const remembered = new Map<string, unknown>([['before:w1', 6]])
    await runStep('restart-kubelets', { world: { workers }, remembered })
    expect(log).toEqual(['w2:kubelet'])
    pid = 8
    remembered.delete('restarted:w2')
    await runStep('restart-kubelets', { world: { workers }, remembered })
    expect(log).toEqual(['w2:kubelet'])
  })

  test('lets go of each connection before the next batch is begun', async () => {
    const open = new Set<string>()
    let most = 0
    const workers = Array.from({ length: 9 }, (_, at) => {
      const host = node(`w${at}`)
      const run: typeof host.run = (command) => {
        open.add(host.name)
        most = Math.max(most, open.size)
        return host.run(command)
      }
      return { ...host, run, rest: async () => void open.delete(host.name) }
    })
    await runStep('restart-kubelets', { inputs: { batch: 3 }, world: { workers } })
    expect([most, open.size]).toEqual([3, 0])
  })

  test('a dead worker is told, and gone on without only when the operator says so', async () => {
    const workers = [node('w1', { isAway: () => true }), node('w2')]
    const run = (confirm: boolean) =>
      runStep('restart-kubelets', { world: { workers, prompter: memoryPrompter({ confirm }) } })
    await expect(run(false)).rejects.toMatchObject({ code: 'STEP_FAILED', message: /cannot be reached: w1/ })
    expect((await run(true)).notes.at(-2)).toMatch(/kubelet was not restarted .* w1/)
  })

  test('no node at all restarted is no success, whatever --yes says', async () => {
    const workers = ['w1', 'w2'].map((name) => node(name, { isAway: () => true }))
    const prompter = memoryPrompter({ confirm: true })
    await expect(runStep('restart-kubelets', { world: { workers, prompter } })).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: /w1: .*; w2: /,
    })
    expect(prompter.questions).toEqual([])
  })

  test('nodes that the cluster knows and the config does not are named, as text that cannot hurt', async () => {
    const controlPlane = [node('a'), node('b')]
    const nodeOf = (name: string, ...addresses: string[]) =>
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Node', metadata: { name } },
        status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
      })
    const odd = 'w\u001b[2J'
    const client = kvClient({
      '/registry/minions/a': nodeOf('a'),
      '/registry/minions/w1': nodeOf('w1', '10.0.1.1'),
      '/registry/minions/w2': nodeOf(odd),
    })
    const world = { controlPlane, target: targetOf(controlPlane), live: liveAs(() => client) }
    const { notes } = await runStep('restart-kubelets', { world })
    expect(notes).toEqual([
      expect.stringMatching(/^careful: 2 of 3 nodes .* are not in the config.*: w1 10\.0\.1\.1, "w\\u001b\[2J"$/),
      '1 node of the config is not in the data: b',
      expect.stringMatching(/^not restarted, and they wait/),
    ])
    expect(client.closed).toBe(1)
  })
})
