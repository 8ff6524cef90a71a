import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryTarget } from '../../../src/adapters/memory/world.ts'
import type { TargetNode } from '../../../src/ports/target.ts'
import { manifestsOf, node } from './nodes.ts'
import { contextOf, runStep, stepOf } from './step.ts'
import { tempDir } from './temp.ts'

/** Two control-plane nodes and one of role APIServer, `x`, with a worker that runs none. */
async function scene() {
  const dir = await tempDir()
  const log: string[] = []
  const away = new Set<string>()
  const stuck = new Set<string>()
  const silent = new Set<string>()
  const on = (
    name: string,
    containers = ['kube-apiserver', 'kube-proxy'],
    role: 'control-plane' | 'worker' = 'control-plane',
  ) =>
    node(name, {
      ...{ containers, role, log, root: join(dir, name), manifests: true },
      isAway: () => away.has(name),
      script: ([program, verb]) =>
        silent.has(name)
          ? { hangs: true }
          : stuck.has(name) && program === 'crictl' && verb === 'stop'
            ? { code: 1, stderr: 'no' }
            : undefined,
      slowKubelet: true,
    })
  const workers = [on('x', undefined, 'worker'), on('w1', ['kube-proxy'], 'worker')]
  const entry = (name: string): TargetNode => ({ name, address: name, port: 22, root: join(dir, name), volumes: [] })
  const nodes = {
    controlPlane: ['a', 'b'].map(entry),
    workers: [{ ...entry('x'), apiServer: true as const }, entry('w1')],
  }
  const world = { controlPlane: [on('a'), on('b')], workers, target: { ...memoryTarget, nodes } }
  const manifest = (name: string) => join(manifestsOf(join(dir, name)), 'kube-apiserver.manifest')
  const aside = (name: string) => join(dir, name, 'etc/kubernetes/etcd-rescue/kube-apiserver.manifest')
  const keep = async () => {
    const made = contextOf('write-state', { world })
    await stepOf('fence').standing?.keep?.(made.context)
    return made
  }
  /** As a node that starts again does. */
  const comeBack = (name: string) => renameSync(aside(name), manifest(name))
  const inPlace = () => ['a', 'b', 'x'].filter((name) => existsSync(manifest(name)))
  return { dir, world, log, away, stuck, silent, keep, comeBack, inPlace, manifest }
}

describe('the fence', () => {
  test('is stopped, started and restarted on nodes of role APIServer too, and on no other worker', async () => {
    const { world, inPlace, log } = await scene()
    const { gives } = await runStep('fence', { world })
    expect(gives).toEqual({ fenced: { nodes: ['a', 'b', 'x'] } })
    expect(inPlace()).toEqual([])
    await runStep('unfence', { world })
    expect(inPlace()).toEqual(['a', 'b', 'x'])
    log.length = 0
    await runStep('restart-apiserver', { world })
    expect(log).toEqual(['a:kube-apiserver', 'b:kube-apiserver', 'x:kube-apiserver'])
  })

  test('that leaves an API server on a node of role APIServer is none: the question is asked', async () => {
    const { world, comeBack } = await scene()
    await runStep('fence', { world })
    const isSo = () => stepOf('fence').isSo?.(contextOf('fence', { world }).context as never)
    expect(await isSo()).toBe(true)
    comeBack('x')
    expect(await isSo()).toBe(false)
  })

  test('that stands is one read on each node', async () => {
    const { world, keep } = await scene()
    await runStep('fence', { world })
    const hosts = [...world.controlPlane, ...world.workers]
    for (const { calls } of hosts) calls.length = 0
    expect((await keep()).left).toEqual([])
    expect(hosts.map(({ calls }) => calls.length)).toEqual([1, 1, 1, 0])
  })

  test('is put back where an API server came back behind it, which is told with its time: it has served', async () => {
    const { world, keep, comeBack, inPlace } = await scene()
    await runStep('fence', { world })
    comeBack('x')
    const { left } = await keep()
    expect(left).toMatchObject([
      {
        ...{ node: 'x', command: 'kubectl get events --all-namespaces', onNode: false },
        what: /^an API server was back behind the fence from 2026-11-22T20:10:14.535Z to .*, served what etcd held/,
      },
    ])
    expect(inPlace()).toEqual([])
    expect((await keep()).left).toEqual([])
  })

  test('that cannot be put back is a failure, before anything is changed behind it', async () => {
    const { world, keep, comeBack, stuck } = await scene()
    await runStep('fence', { world })
    comeBack('b')
    stuck.add('b')
    await expect(keep()).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: /^an API server is back on b behind the fence since 2026-11-22T20:10:14.535Z, and cannot be stopped/,
      hint: /^stop it there, then resume the run/,
    })
  })

  test('is made on a node that was away when it was made, as soon as it answers; until then it is told', async () => {
    const { world, keep, away, inPlace } = await scene()
    away.add('b')
    await runStep('fence', { world })
    const { notes } = await keep()
    expect(notes).toEqual([expect.stringMatching(/^not looked at behind the fence, .*: node b cannot be reached/)])
    away.clear()
    expect((await keep()).left).toMatchObject([{ node: 'b' }])
    expect(inPlace()).toEqual([])
  })

  test('waits no second time for long for a node that is away: etcd is away meanwhile', async () => {
    const { away, silent, keep } = await scene()
    away.add('b')
    await keep()
    away.delete('b')
    silent.add('b')
    const { notes } = await keep()
    expect(notes).toEqual([expect.stringMatching(/^not looked at behind the fence, .*: b still gives no answer/)])
  })

  test('is not made where the manifest of an etcd-manager is missing that is to be stopped behind it', async () => {
    const { dir, world, inPlace } = await scene()
    const seat = (name: string) => ({ node: name, base: join(dir, name, 'mnt/v'), name })
    const placement = { token: 't', etcdVersion: '3.5.30', members: [], seats: ['a', 'b'].map(seat) }
    await expect(runStep('fence', { world, facts: { placement } })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /no manifest of a static pod etcd-manager-main was found/,
    })
    expect(inPlace()).toEqual(['a', 'b', 'x'])
  })

  test('a node of role APIServer without a manifest is found out before any is stopped', async () => {
    const { world, inPlace, manifest } = await scene()
    rmSync(manifest('x'))
    await expect(runStep('fence', { world })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /^x: no manifest/,
    })
    expect(inPlace()).toEqual(['a', 'b'])
  })
})
