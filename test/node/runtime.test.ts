import { describe, expect, test } from 'vitest'
import { type MemoryHost, memoryHost } from '../../src/adapters/memory/host.ts'
import type { MemoryReply } from '../../src/adapters/memory/host-process.ts'
import { detectRuntime } from '../../src/node/detect-runtime.ts'
import { findContainers, restartContainer } from '../../src/node/runtime.ts'
import { etcdManagerVersions } from '../../src/node/versions.ts'

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

describe('restarting a container', () => {
  const before = crictlPs([ID.old, 'etcd-manager-main-a'], [ID.events, 'etcd-manager-events-a'])
  const none = crictlPs([ID.events, 'etcd-manager-events-a'])
  const after = crictlPs([ID.fresh, 'etcd-manager-main-a'], [ID.events, 'etcd-manager-events-a'])

  test('stops it and waits for another id', async () => {
    const host = node([before, before, none, none, after], { 'crictl stop': { stdout: ID.old } })
    expect((await restartContainer(host, MAIN))?.id).toBe(ID.fresh)
    expect(stops(host)).toEqual([['crictl', 'stop', '--timeout', '30', ID.old]])
  })

  test('a withheld stop is not waited for', async () => {
    expect(await restartContainer(node([before], { 'crictl stop': {} }), MAIN)).toBeUndefined()
  })

  test('one that kubelet does not start again is TIMED_OUT and says where to look', async () => {
    const host = node([before, before, none], { 'crictl stop': {} })
    const late = restartContainer(host, { ...MAIN, timeoutMs: 100 })
    await expect(late).rejects.toMatchObject({ code: 'TIMED_OUT', hint: expect.stringContaining('crictl ps -a') })
  })

  test('a stop whose connection broke after it had happened is not done to the new one', async () => {
    const host = node([before, before, after], { 'crictl stop': { hangs: true } })
    const restarting = restartContainer(host, MAIN)
    await untilCalled(host, 'stop')
    host.breakConnection()
    expect((await restarting)?.id).toBe(ID.fresh)
    expect(stops(host)).toHaveLength(1)
  })

  test('can be stopped while it waits', async () => {
    const controller = new AbortController()
    const host = node([before, before, none], { 'crictl stop': {} })
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

  test('of the image tag, and of the etcds in its file system', async () => {
    const row = (name: string) => `d\t1\t1.5\t1.5\t/proc/7/root/opt/${name}\0`
    const host = node([list], {
      'crictl inspect': inspect('registry.k8s.io/etcdadm/etcd-manager-slim:v3.0.20260707@sha256:ab', 7),
      'env LC_ALL=C': { stdout: ['etcd-v3.5.30', 'etcd-v3.4.13', 'etcd-v3-x'].map(row).join('') },
    })
    expect(await etcdManagerVersions(host, 'main')).toEqual({
      managerVersion: 'v3.0.20260707',
      etcdVersionsOnNode: ['3.5.30', '3.4.13'],
    })
  })

  test('without a process: asked inside; without a tag: none; without a container: nothing', async () => {
    const others = { 'crictl inspect': inspect('sha256:abcd'), 'crictl exec': { stdout: 'etcd-v3.5.30\nlost+found\n' } }
    expect((await etcdManagerVersions(node([list], others), 'main')).etcdVersionsOnNode).toEqual(['3.5.30'])
    expect(await etcdManagerVersions(node([list]), 'events')).toEqual({ etcdVersionsOnNode: [] })
  })
})

async function untilCalled(host: MemoryHost, verb: string): Promise<void> {
  while (!host.calls.some(({ argv }) => argv[1] === verb)) await new Promise((resolve) => setTimeout(resolve, 5))
}
