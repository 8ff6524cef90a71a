import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { manifestsOf, node } from './support/nodes.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const containers = ['kube-apiserver', 'etcd-manager', 'kube-scheduler']
const NAMES = ['a', 'b', 'c']

async function scene({ slowKubelet = false } = {}) {
  const dir = await tempDir()
  const log: string[] = []
  const away = new Set<string>()
  const rootOf = (name: string) => join(dir, name)
  const controlPlane = NAMES.map((name) =>
    node(name, {
      ...{ containers, log, root: rootOf(name), manifests: true, slowKubelet },
      isAway: () => away.has(name),
    }),
  )
  const live = liveAs(() => kvClient({ '/registry/namespaces/default': 'x', '/registry/ranges/a': 'y' }))
  const world = { controlPlane, live }
  const hasManifest = (name: string) => existsSync(join(manifestsOf(rootOf(name)), 'kube-apiserver.manifest'))
  const inPlace = () => NAMES.filter(hasManifest)
  const undo = async (confirm?: boolean) => {
    const answers = memoryPrompter(confirm === undefined ? {} : { confirm })
    const prompter = { ...answers, interactive: confirm !== undefined }
    const { context, notes } = contextOf('fence', { world: { ...world, prompter } })
    await stepOf('fence').undo?.(context as never, undefined as never)
    return notes
  }
  return { world, log, away, rootOf, inPlace, undo, controlPlane }
}

const others = ['etcd-manager-main.manifest', 'kube-scheduler.manifest']

describe('fence', () => {
  test('API servers are stopped everywhere, their manifests kept beside the others, which stay', async () => {
    const { world, inPlace, rootOf } = await scene()
    const { gives, notes } = await runStep('fence', { world })
    expect(gives).toEqual({ fenced: { nodes: NAMES } })
    expect(inPlace()).toEqual([])
    for (const name of NAMES) {
      expect(readdirSync(manifestsOf(rootOf(name))).sort()).toEqual(others)
      expect(readdirSync(join(rootOf(name), 'etc/kubernetes/etcd-rescue'))).toEqual(['kube-apiserver.manifest'])
    }
    expect(notes).toEqual([
      'API servers serve what etcd holds now: 2 keys, of them 0 nodes, 1 namespace, 0 pods',
      'fenced: no API server runs on a, b, c; etcd-rescue unfence starts them again',
    ])
  })

  test('does not wait for kubelet: a container that it has not stopped is stopped, and no other', async () => {
    const { world, log } = await scene({ slowKubelet: true })
    await runStep('fence', { world })
    expect(log.sort()).toEqual(NAMES.map((name) => `${name}:kube-apiserver`))
  })

  test('done twice it is done once, also when it was broken off half way', async () => {
    const { world, log, away, inPlace } = await scene({ slowKubelet: true })
    away.add('c')
    await runStep('fence', { world })
    away.clear()
    expect((await runStep('fence', { world })).gives).toEqual({ fenced: { nodes: NAMES } })
    expect(inPlace()).toEqual([])
    expect(log).toHaveLength(3)
  })

  test('what is stopped already is not asked about again, and one that still runs is', async () => {
    const { world, away } = await scene()
    const isSo = () => stepOf('fence').isSo?.(contextOf('fence', { world }).context as never)
    expect(await isSo()).toBe(false)
    away.add('b')
    await runStep('fence', { world })
    expect(await isSo()).toBe(true)
    away.clear()
    expect(await isSo()).toBe(false)
    for (const name of NAMES) away.add(name)
    expect(await isSo()).toBe(false)
  })

  test('a node that is away is told, before and after; the others are fenced', async () => {
    const { world, away, inPlace } = await scene()
    away.add('b')
    const { gives, notes } = await runStep('fence', { world })
    expect(gives).toEqual({ fenced: { nodes: ['a', 'c'] } })
    expect(inPlace()).toEqual(['b'])
    expect(notes[1]).toMatch(/^b cannot be reached: if an API server runs there, stop it by hand/)
    expect(notes[2]).toMatch(/no API server runs on a, c;/)
    expect(notes[3]).toMatch(/^not fenced, .*: b; stop the API servers there/)
  })

  test('with no node at all it is no fence', async () => {
    const { world, away } = await scene()
    for (const name of NAMES) away.add(name)
    await expect(runStep('fence', { world })).rejects.toMatchObject({ code: 'HOST_UNREACHABLE', message: /a, b, c/ })
  })

  test('a node without such a manifest is found out before any API server is stopped', async () => {
    const { world, rootOf, inPlace } = await scene()
    rmSync(join(manifestsOf(rootOf('c')), 'kube-apiserver.manifest'))
    await expect(runStep('fence', { world })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /^c: no manifest/,
    })
    expect(inPlace()).toEqual(['a', 'b'])
  })

  test('what is served now need not be known', async () => {
    const { world } = await scene()
    const { notes } = await runStep('fence', { world: { ...world, live: liveAs(() => undefined) } })
    expect(notes[0]).toBe('what API servers serve now is not known: no member of the cluster answers')
  })

  test('undo starts them again, each once', async () => {
    const { world, inPlace, undo, rootOf } = await scene()
    await runStep('fence', { world })
    await undo(true)
    await undo(true)
    expect(inPlace()).toEqual(NAMES)
    expect(readdirSync(join(rootOf('a'), 'etc/kubernetes/etcd-rescue'))).toEqual([])
  })

  test.each([false, undefined])(
    'undo leaves them stopped unless somebody says so (%s): they would serve the empty cluster',
    async (confirm) => {
      const { world, inPlace, undo } = await scene()
      await runStep('fence', { world })
      expect((await undo(confirm)).at(-1)).toMatch(
        /API servers serve what etcd holds now: 2 keys.*stay stopped until you type: etcd-rescue unfence/,
      )
      expect(inPlace()).toEqual([])
    },
  )
})
