import { describe, expect, test } from 'vitest'
import { node } from './support/nodes.ts'
import { runStep } from './support/step.ts'

const containers = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

describe('restart-control-loop', () => {
  test('controller-manager and scheduler on every node, the API servers stay', async () => {
    const log: string[] = []
    await runStep('restart-control-loop', {
      world: { controlPlane: ['a', 'b'].map((n) => node(n, { containers, log })) },
    })
    expect(log).toEqual([
      'a:kube-controller-manager',
      'a:kube-scheduler',
      'b:kube-controller-manager',
      'b:kube-scheduler',
    ])
  })

  test('killed after a restart and before it was remembered: the new container is not restarted again', async () => {
    const log: string[] = []
    const controlPlane = [node('a', { containers, log })]
    const remembered = new Map<string, unknown>()
    await runStep('restart-control-loop', { world: { controlPlane }, remembered })
    remembered.delete('restarted:a:kube-scheduler')
    const { notes } = await runStep('restart-control-loop', { world: { controlPlane }, remembered })
    expect(log).toEqual(['a:kube-controller-manager', 'a:kube-scheduler'])
    expect(notes).toEqual(['a: kube-scheduler was restarted by an earlier attempt'])
  })
})
