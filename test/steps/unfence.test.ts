import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { manifestsOf, node } from './support/nodes.ts'
import { runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

async function scene() {
  const dir = await tempDir()
  const away = new Set<string>()
  const controlPlane = ['a', 'b'].map((name) =>
    node(name, {
      ...{ containers: ['kube-apiserver'], root: join(dir, name), manifests: true },
      isAway: () => away.has(name),
    }),
  )
  const manifest = (name: string) => join(manifestsOf(join(dir, name)), 'kube-apiserver.manifest')
  const aside = (name: string) => join(dir, name, 'etc/kubernetes/etcd-rescue/kube-apiserver.manifest')
  return { away, manifest, aside, controlPlane, world: { controlPlane } }
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
    expect((await runStep('unfence', { world })).notes).toEqual([
      'b cannot be reached: type etcd-rescue unfence when it is back',
    ])
    expect(existsSync(manifest('a'))).toBe(true)
    away.add('a')
    await expect(runStep('unfence', { world })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
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
