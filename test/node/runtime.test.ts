import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { withholdHost } from '../../src/adapters/dry-run/hosts.ts'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { type MemoryHost, type MemoryScript, memoryHost } from '../../src/adapters/memory/host.ts'
import type { MemoryReply } from '../../src/adapters/memory/host-process.ts'
import { detectRuntime } from '../../src/node/detect-runtime.ts'
import { findContainers, restartContainer } from '../../src/node/runtime.ts'
import { etcdManagerVersions } from '../../src/node/versions.ts'
import { node as fakeNode } from '../steps/support/nodes.ts'
import { tempDir } from '../steps/support/temp.ts'

const MAIN = { container: 'etcd-manager', podPrefix: 'etcd-manager-main' }
const ID = { old: 'a'.repeat(64), fresh: 'b'.repeat(64), events: 'c'.repeat(64) }

function crictlPs(...containers: [id: string, pod: string, state?: string][]): MemoryReply {
  const entry = ([id, pod, state = 'CONTAINER_RUNNING']: [string, string, string?]) => ({
    id,
    metadata: { name: 'etcd-manager', attempt: 1 },
    labels: { 'io.kubernetes.container.name': 'etcd-manager', 'io.kubernetes.pod.name': pod },
    state,
    createdAt: '1795378214535561551',
    podSandboxId: 'more than we ask for',
  })
  return { stdout: JSON.stringify({ containers: containers.map(entry) }) }
}

/** A node of the kOps kind: what `crictl ps` says next, and what the other commands answer. */
function node(lists: MemoryReply[], others: Record<string, MemoryReply> = {}): MemoryHost {
  return memoryHost({
    name: 'a',
    script: ([program, verb]) => {
      if (program === 'crictl' && verb === 'ps') return lists.length > 1 ? lists.shift() : lists[0]
      return others[`${program} ${verb}`]
    },
  })
}

const stops = (host: MemoryHost) => host.calls.filter(({ effect }) => effect === 'change').map(({ argv }) => argv)

describe('finding containers', () => {
  test('by container and start of the pod name, running ones only', async () => {
    const host = node([
      crictlPs(
        [ID.events, 'etcd-manager-events-a'],
        [ID.old, 'etcd-manager-main-a'],
        [ID.fresh, 'etcd-manager-maintenance-a'],
        ['d'.repeat(64), 'etcd-manager-main-a', 'CONTAINER_EXITED'],
      ),
    ])
    const found = await findContainers(host, MAIN)
    expect(found.map(({ id }) => id)).toEqual([ID.old])
    expect(found[0]?.createdAt.toISOString()).toBe('2026-11-22T20:10:14.535Z')
  })

  test.each([
    ['not JSON', 'x'],
    ['another shape', '{"containers":[{"id":1}]}'],
    [
      'an id that would be an option',
      `{"containers":[{"id":"--all","metadata":{"name":"x"},"state":"","createdAt":"1"}]}`,
    ],
  ])('an answer that is %s is refused', async (_what, stdout) => {
    await expect(findContainers(node([{ stdout }]), MAIN)).rejects.toMatchObject({ code: 'PRECONDITION' })
  })

  test('a runtime that does not answer within the 2 s of crictl is asked once more, with more time', async () => {
    const calls: string[] = []
    const host = memoryHost({
      name: 'a',
      script: ([program, ...rest]) => {
        calls.push([program, ...rest].join(' '))
        if (rest[0] === '--timeout') return crictlPs([ID.old, 'etcd-manager-main-a'])
        return { code: 1, stderr: 'dial unix /var/run/cri-dockerd.sock: connect: no such file or directory' }
      },
    })
    expect(await findContainers(host, MAIN)).toMatchObject([{ id: ID.old }])
    expect(calls.slice(0, 2)).toEqual(['crictl ps -o json', 'crictl --timeout 10s ps -o json'])
  })

  test('a node without any runtime says what was tried', async () => {
    const host = memoryHost({ name: 'a', script: () => undefined })
    await expect(detectRuntime(host)).rejects.toThrow(/no crictl, docker or nerdctl/)
    expect(host.calls.map(({ argv }) => argv[0])).toContain('nerdctl')
  })

  test('docker, where crictl does not answer', async () => {
    const line = {
      id: ID.old,
      name: 'etcd-manager',
      pod: 'etcd-manager-main-a',
      status: 'Up 3 hours',
      createdAt: '2024-03-21 13:02:05 +0100 CET',
    }
    const host = memoryHost({
      name: 'a',
      script: ([program, verb]) => {
        if (program === 'docker' && verb === 'ps') return { stdout: `${JSON.stringify(line)}\n` }
        if (program === 'docker' && verb === 'inspect')
          return { stdout: '[{"Config":{"Image":"x/y:v1"},"State":{"Pid":7}}]' }
        return program === 'crictl' ? { code: 1, stderr: 'no runtime endpoint' } : undefined
      },
    })
    const found = await findContainers(host, MAIN)
    expect(found[0]).toMatchObject({ id: ID.old, state: 'running', createdAt: new Date('2024-03-21T12:02:05Z') })
    const runtime = await detectRuntime(host)
    expect(await runtime.inspect(ID.old)).toEqual({ image: 'x/y:v1', pid: 7 })
  })
})

test('the list by which the runtime was found is the first answer, and each later one is a list of its own', async () => {
  const host = node([crictlPs([ID.old, 'etcd-manager-main-a']), crictlPs([ID.fresh, 'etcd-manager-main-a'])])
  expect(await findContainers(host, MAIN)).toMatchObject([{ id: ID.old }])
  expect(host.calls).toHaveLength(1)
  expect(await findContainers(host, MAIN)).toMatchObject([{ id: ID.fresh }])
  expect(host.calls).toHaveLength(2)
})

describe('a crictl that lists nothing', () => {
  const line = { id: ID.old, name: 'etcd-manager', pod: 'etcd-manager-main-a', status: 'Up', createdAt: '2024-03-21' }
  /** Its own runtime has no pods; docker's has, once they are started. */
  const beside = (isStarted: () => boolean) =>
    memoryHost({
      name: 'a',
      script: ([program, verb]) => {
        if (program === 'crictl') return crictlPs()
        return program === 'docker' && verb === 'ps'
          ? { stdout: isStarted() ? `${JSON.stringify(line)}\n` : '' }
          : undefined
      },
    })

  test('is not the answer where docker lists a pod', async () => {
    expect(
      await findContainers(
        beside(() => true),
        MAIN,
      ),
    ).toMatchObject([{ id: ID.old }])
  })

  test('is one only for now: when pods are started, they are seen', async () => {
    let isStarted = false
    const host = beside(() => isStarted)
    expect(await findContainers(host, MAIN)).toEqual([])
    isStarted = true
    expect(await findContainers(host, MAIN)).toMatchObject([{ id: ID.old }])
  })
})

describe('restarting a container', () => {
  const before = crictlPs([ID.old, 'etcd-manager-main-a'], [ID.events, 'etcd-manager-events-a'])
  const none = crictlPs([ID.events, 'etcd-manager-events-a'])
  const after = crictlPs([ID.fresh, 'etcd-manager-main-a'], [ID.events, 'etcd-manager-events-a'])

  test('stops it and waits for another id', async () => {
    const host = node([before, none, none, after], { 'crictl stop': { stdout: ID.old } })
    expect((await restartContainer(host, MAIN))?.id).toBe(ID.fresh)
    expect(stops(host)).toEqual([['crictl', 'stop', '--timeout', '30', ID.old]])
  })

  test('a withheld stop is not waited for', async () => {
    const host = node([before], { 'crictl stop': {} })
    expect(
      await restartContainer(
        withholdHost(host, () => {}),
        MAIN,
      ),
    ).toBeUndefined()
    expect(stops(host)).toEqual([])
  })

  test('one that is listed for a moment after its stop was not withheld: the next one is waited for', async () => {
    const host = node([before, before, none, after], { 'crictl stop': {} })
    expect((await restartContainer(host, { ...MAIN, clock: memoryClock() }))?.id).toBe(ID.fresh)
  })

  test('one that kubelet does not start again is TIMED_OUT and says where to look', async () => {
    const host = node([before, none], { 'crictl stop': {} })
    const late = restartContainer(host, { ...MAIN, timeoutMs: 100 })
    await expect(late).rejects.toMatchObject({ code: 'TIMED_OUT', hint: expect.stringContaining('crictl ps -a') })
  })

  test('a stop whose connection broke after it had happened is not done to the new one', async () => {
    const host = node([before, after], { 'crictl stop': { hangs: true } })
    const restarting = restartContainer(host, MAIN)
    await untilCalled(host, 'stop')
    host.breakConnection()
    expect((await restarting)?.id).toBe(ID.fresh)
    expect(stops(host)).toHaveLength(1)
  })

  test('can be stopped while it waits', async () => {
    const controller = new AbortController()
    const host = node([before, none], { 'crictl stop': {} })
    const restarting = restartContainer(host, { ...MAIN, signal: controller.signal })
    setTimeout(() => controller.abort(), 50)
    await expect(restarting).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('versions', () => {
  const list = crictlPs([ID.old, 'etcd-manager-main-a'])
  const inspect = (image: string, pid?: number) => ({
    stdout: JSON.stringify({ status: { image: { image } }, info: { pid } }),
  })

  test('of the image tag, and of the etcds in its file system: a directory without one that can be run has none', async () => {
    const root = await tempDir()
    const opt = join(root, 'proc/7/root/opt')
    const versions = ['3.5.7', '3.5.30', '3.5.31', '3.6.11', '3.6.12', '3.7.1']
    for (const name of [...versions, '3-x']) await mkdir(join(opt, `etcd-v${name}`), { recursive: true })
    await writeFile(join(opt, 'etcd-v3.5.30/etcd'), '', { mode: 0o755 })
    await writeFile(join(opt, 'etcd-v3.5.31/etcd'), '', { mode: 0o644 })
    await mkdir(join(opt, 'etcd-v3.6.11/etcd'))
    await symlink('/nowhere/etcd', join(opt, 'etcd-v3.6.12/etcd'))
    await mkdir(join(opt, 'etcd-v3.7.1/usr/local/bin'), { recursive: true })
    await writeFile(join(opt, 'etcd-v3.7.1/usr/local/bin/etcd'), '', { mode: 0o755 })
    const image = 'registry.k8s.io/etcdadm/etcd-manager-slim:v3.0.20260707@sha256:ab'
    const script: MemoryScript = ([program, verb]) =>
      program === 'crictl' && verb === 'inspect' ? inspect(image, 7) : undefined
    const { etcdVersionsOnNode, ...others } = await etcdManagerVersions(fakeNode('a', { root, script }), 'main')
    expect(etcdVersionsOnNode.sort()).toEqual(['3.5.30', '3.7.1'])
    expect(others).toEqual({ managerVersion: 'v3.0.20260707', etcdVersionsUnsure: ['3.6.12'] })
  })

  test("a patch name that kOps' init container links, by a path in the container, to another one is carried", async () => {
    const root = await tempDir()
    const opt = join(root, 'proc/7/root/opt')
    const links = {
      '3.5.7': '/opt/etcd-v3.5.17/etcd',
      '3.5.8': '/opt/etcd-v3.5.7/etcd',
      '3.5.9': '/opt/etcd-v3.5.18/etcd',
      '3.5.10': '/opt/etcd-v3.5.10/etcd',
      '3.5.11': '/opt/../opt/etcd-v3.5.17/etcd',
      '3.5.12': '/opt/etcd-v3.5.12',
      '3.5.17': undefined,
      '3.5.18': undefined,
    }
    for (const [version, target] of Object.entries(links)) {
      await mkdir(join(opt, `etcd-v${version}`), { recursive: true })
      if (target !== undefined) await symlink(target, join(opt, `etcd-v${version}/etcd`))
    }
    await writeFile(join(opt, 'etcd-v3.5.17/etcd'), '', { mode: 0o755 })
    await writeFile(join(opt, 'etcd-v3.5.18/etcd'), '', { mode: 0o644 })
    await symlink('/opt/etcd-v3.5.17', join(opt, 'etcd-v3.5.13'))
    const host = fakeNode('a', { root, pid: 7 })
    const { etcdVersionsOnNode, etcdVersionsUnsure = [] } = await etcdManagerVersions(host, 'main')
    expect(etcdVersionsOnNode.sort()).toEqual(['3.5.17', '3.5.7', '3.5.8'])
    expect(etcdVersionsUnsure.sort()).toEqual(['3.5.10', '3.5.11', '3.5.12', '3.5.13', '3.5.9'])
    expect(host.calls.every(({ effect }) => effect === 'read')).toBe(true)
  })

  test('where the runtime knows a digest only, of the image in the manifest', async () => {
    const image = 'registry.k8s.io/etcd-manager/etcd-manager-slim:v3.0.20250704@sha256:ab'
    const root = await tempDir()
    await mkdir(join(root, 'etc/kubernetes/manifests'), { recursive: true })
    const pod = {
      kind: 'Pod',
      metadata: { name: 'etcd-manager-main' },
      spec: { containers: [{ name: 'etcd-manager', image }] },
    }
    await writeFile(join(root, 'etc/kubernetes/manifests/etcd-main.yaml'), JSON.stringify(pod))
    const host = fakeNode('a', {
      root,
      script: ([program, verb]) => (program === 'crictl' && verb === 'inspect' ? inspect('sha256:abcd') : undefined),
    })
    expect((await etcdManagerVersions(host, 'main')).managerVersion).toBe('v3.0.20250704')
    await rm(join(root, 'etc/kubernetes/manifests/etcd-main.yaml'))
    expect((await etcdManagerVersions(host, 'main')).managerVersion).toBeUndefined()
  })

  test('without a process: asked inside; without a tag: none; without a container: nothing', async () => {
    const inside = {
      stdout: 'etcd-v3.5.30\netcd-v3.5.7\nlost+found\n-rwxr-xr-x 1 root root 24M Jan 1 2024 /opt/etcd-v3.5.30/etcd\n',
    }
    const others = { 'crictl inspect': inspect('sha256:abcd'), 'crictl exec': inside }
    expect((await etcdManagerVersions(node([list], others), 'main')).etcdVersionsOnNode).toEqual(['3.5.30'])
    expect(await etcdManagerVersions(node([list]), 'events')).toEqual({ etcdVersionsOnNode: [] })
  })
})

async function untilCalled(host: MemoryHost, verb: string): Promise<void> {
  while (!host.calls.some(({ argv }) => argv[1] === verb)) await new Promise((resolve) => setTimeout(resolve, 5))
}
