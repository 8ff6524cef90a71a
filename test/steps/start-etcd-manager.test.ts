import { describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { SPEC_KEY } from '../../src/etcd-manager/control.ts'
import { NAMES, placementOf, threeNodes } from './support/in-place.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'

type Scene = Awaited<ReturnType<typeof threeNodes>>

const POD = 'etcd-manager-main'
const STOPPED = { nodes: [...NAMES], at: 0 }

/** Three nodes whose etcd-manager was stopped, and the directories swapped. */
async function stopped(options?: Parameters<typeof threeNodes>[0]) {
  const scene = await threeNodes(options)
  await runStep('stop-etcd-manager', optionsOf(scene))
  scene.log.length = 0
  return scene
}

function optionsOf({ controlPlane, store, target, seats }: Scene) {
  const facts = { placement: placementOf(seats), saved: {}, stopped: STOPPED, swapped: { nodes: [...NAMES], at: 0 } }
  return { facts, world: { controlPlane, store, target } }
}

describe('start-etcd-manager', () => {
  test('puts the manifests back on every seat; started already, it stays as it is', async () => {
    const scene = await stopped()
    expect(scene.inPlace(POD)).toEqual([])
    await runStep('start-etcd-manager', optionsOf(scene))
    await runStep('start-etcd-manager', optionsOf(scene))
    expect(scene.inPlace(POD)).toEqual([...NAMES])
    expect(scene.log).toEqual([])
  })

  test('control files that would trash the data keep it stopped everywhere', async () => {
    const scene = await stopped()
    await scene.store.write(SPEC_KEY, Buffer.alloc(0))
    await expect(runStep('start-etcd-manager', optionsOf(scene))).rejects.toMatchObject({
      code: 'CONTROL_FILES',
      hint: /control show/,
    })
    expect(scene.inPlace(POD)).toEqual([])
  })

  test('a node that went away meanwhile does not keep the others stopped', async () => {
    const scene = await stopped()
    scene.away.add('b')
    // two of three are a quorum: the cluster must not wait for the third
    const { notes } = await runStep('start-etcd-manager', optionsOf(scene))
    expect(notes.at(-1)).toMatch(
      /^careful: sudo sh -c .mv -n .* # on b: etcd-manager could not be started: node b cannot be reached/,
    )
    expect(scene.inPlace(POD)).toEqual(['a', 'c'])
    scene.away.add('c')
    await expect(runStep('start-etcd-manager', optionsOf(scene))).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
      message: /could not be started on b, c/,
    })
  })

  test('a node whose kubelet is down does not keep the cluster down: a quorum goes on, and what mends it is told', async () => {
    const scene = await stopped()
    scene.down.add('b')
    const { left } = await runStep('start-etcd-manager', optionsOf(scene))
    expect(left).toEqual([
      {
        node: 'b',
        command: 'sudo systemctl start kubelet',
        onNode: true,
        what: expect.stringMatching(/^etcd-manager could not be started: .*kubelet does not run there: inactive/),
      },
    ])
    // kubelet finds it there when it runs again
    expect(scene.inPlace(POD)).toEqual([...NAMES])
  })

  test('without a quorum it is a failure that names them all, and how to start kubelet', async () => {
    const scene = await stopped()
    for (const name of ['b', 'c']) scene.down.add(name)
    await expect(runStep('start-etcd-manager', optionsOf(scene))).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: /^etcd-manager could not be started on b, c: /,
      hint: /sudo systemctl start kubelet.*resume the run/,
    })
  })

  test('a kubelet that does not start it is TIMED_OUT, and named', async () => {
    const none = { stdout: JSON.stringify({ containers: [] }) }
    const script = (argv: readonly string[]) => (argv[0] === 'crictl' && argv[1] === 'ps' ? none : undefined)
    const scene = await stopped({ script })
    const options = optionsOf(scene)
    // two minutes in a few looks: each is a call to every node
    const clock = memoryClock({ leapMs: 30_000 })
    await expect(
      runStep('start-etcd-manager', { ...options, world: { ...options.world, clock } }),
    ).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: /kubelet starts etcd-manager of etcd-manager-main on a — last seen: none is running/,
    })
  })

  test('undo stops it again before directories are moved back', async () => {
    const scene = await stopped({ slowKubelet: true })
    await runStep('start-etcd-manager', optionsOf(scene))
    const { context } = contextOf('start-etcd-manager', optionsOf(scene))
    await stepOf('start-etcd-manager').undo?.(context as never, {} as never)
    expect(scene.inPlace(POD)).toEqual([])
    expect(scene.log.sort()).toEqual(NAMES.map((name) => `${name}:etcd-manager`))
  })
})
