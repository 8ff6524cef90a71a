import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { manifestsOf, node } from './support/nodes.ts'
import { runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

async function scene() {
  const dir = await tempDir()
  const away = new Set<string>()
  const down = new Set<string>()
  const controlPlane = ['a', 'b'].map((name) =>
    node(name, {
      ...{ containers: ['kube-apiserver'], root: join(dir, name), manifests: true },
      isAway: () => away.has(name),
      kubelet: () => (down.has(name) ? 'failed' : 'active'),
    }),
  )
  const manifest = (name: string) => join(manifestsOf(join(dir, name)), 'kube-apiserver.manifest')
  const aside = (name: string) => join(dir, name, 'etc/kubernetes/etcd-rescue/kube-apiserver.manifest')
  return { away, down, manifest, aside, controlPlane, world: { controlPlane } }
}

describe('unfence', () => {
  test('puts back what the fence set aside, and is nothing where there was none', async () => {
    const { world, manifest, controlPlane } = await scene()
    await runStep('unfence', { world })
    expect(controlPlane.flatMap(({ calls }) => calls).every(({ effect }) => effect === 'read')).toBe(true)
    await runStep('fence', { world })
    await runStep('unfence', { world })
    expect(['a', 'b'].map((name) => existsSync(manifest(name)))).toEqual([true, true])
  })

  test('a node that is away is told, with what to type when it is back; all away is no success', async () => {
    const { world, away, manifest } = await scene()
    await runStep('fence', { world })
    away.add('b')
    expect((await runStep('unfence', { world })).left).toEqual([
      {
        ...{ node: 'b', command: 'etcd-rescue unfence', onNode: false },
        what: 'the API server could not be started: node b cannot be reached',
      },
    ])
    expect(existsSync(manifest('a'))).toBe(true)
    away.add('a')
    await expect(runStep('unfence', { world })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
  })

  test('one API server is enough: a node on which none is started is named, with what starts it; none is a failure', async () => {
    const { world, down } = await scene()
    await runStep('fence', { world })
    down.add('b')
    expect((await runStep('unfence', { world })).left).toMatchObject([
      { node: 'b', command: 'sudo systemctl start kubelet', onNode: true, what: /kubelet does not run there: failed/ },
    ])
    await runStep('fence', { world })
    down.add('a')
    await expect(runStep('unfence', { world })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: /^the API server could not be started on a, b: /,
      hint: /on a: sudo systemctl start kubelet/,
    })
  })

  test('a manifest that someone has written anew is not overwritten', async () => {
    const { world, manifest, aside } = await scene()
    await runStep('fence', { world })
    mkdirSync(join(manifest('a'), '..'), { recursive: true })
    writeFileSync(manifest('a'), 'mine')
    await expect(runStep('unfence', { world })).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: /exists already/,
    })
    expect(existsSync(aside('a'))).toBe(true)
    expect(existsSync(manifest('b'))).toBe(true)
  })
})
