import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Container, ContainerRuntime } from '../../src/node/container.ts'
import { detectRuntime } from '../../src/node/detect-runtime.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'

/** One container of one pod; `stubborn`: it does not end when it is asked to. */
export interface WantedContainer {
  pod: string
  container: string
  stubborn?: boolean
}

export interface RuntimeUnderTest {
  host: RemoteHost
  /** Of etcd-manager's containers. It holds `/bin/ls` and no shell. */
  image: string
  /** Starts a container as kubelet does. */
  start(wanted: WantedContainer): Promise<void>
  /** Starts this many more, of one pod, under the names c1, c2, … */
  startMany(count: number, pod: string): Promise<void>
  stop(): Promise<void>
}

/** What every `ContainerRuntime` keeps to, whichever program and runtime it speaks with. */
export function containerRuntimeContract(
  name: string,
  make: () => Promise<RuntimeUnderTest>,
  { many = 200, noisy = true } = {},
): void {
  describe(`container runtime: ${name}`, () => {
    let under: RuntimeUnderTest
    let runtime: ContainerRuntime
    beforeAll(async () => {
      under = await make()
      await under.start({ pod: 'etcd-manager-main-node-a', container: 'etcd-manager' })
      await under.start({ pod: 'etcd-manager-events-node-a', container: 'etcd-manager' })
      await under.start({ pod: 'kube-apiserver-node-a', container: 'kube-apiserver', stubborn: true })
      runtime = await detectRuntime(under.host)
    }, 120_000)
    afterAll(() => under?.stop())

    const running = async () => (await runtime.list()).filter(({ state }) => state === 'running')
    const one = async (pod: string): Promise<Container> => {
      const found = (await running()).find((container) => container.pod === pod)
      if (found === undefined) throw new Error(`no container of ${pod} runs`)
      return found
    }
    const isAlive = (pid: number) =>
      under.host
        .run({ effect: 'read', argv: ['sh', '-c', 'kill -0 "$1"', 'sh', String(pid)], okCodes: [0, 1] })
        .then(({ code }) => code === 0)

    test('lists what runs, by the names in the pod and with the time of its start', async () => {
      const found = (await running()).map(({ pod, name }) => `${pod} ${name}`)
      expect(found.sort()).toEqual([
        'etcd-manager-events-node-a etcd-manager',
        'etcd-manager-main-node-a etcd-manager',
        'kube-apiserver-node-a kube-apiserver',
      ])
      for (const { id, createdAt } of await running()) {
        expect(id).toMatch(/^[0-9a-f]{64}$/)
        expect(Math.abs(Date.now() - createdAt.getTime())).toBeLessThan(3_600_000)
      }
    })

    test.runIf(noisy)('its program says more on stderr, and that is no answer', async () => {
      const { stdout, stderr } = await under.host.run({ effect: 'read', argv: [runtime.program, 'ps', '-o', 'json'] })
      expect(stderr).toMatch(/level=warning/)
      expect(stdout).not.toMatch(/warning/)
    })

    test('inspects one: its image as it was asked for, and its process on the node', async () => {
      const { image, pid } = await runtime.inspect((await one('etcd-manager-main-node-a')).id)
      expect(image).toBe(under.image)
      expect(pid).toBeGreaterThan(1)
      expect(await isAlive(pid)).toBe(true)
    })

    test('runs a program in it, and gives what that says and nothing else', async () => {
      const { id } = await one('etcd-manager-main-node-a')
      expect(await runtime.exec(id, ['ls', '-d', '/'])).toBe('/\n')
      expect(await runtime.exec(id, ['ls', '-d', '/', '/none/such'], [0, 1, 2])).toBe('/\n')
      await expect(runtime.exec(id, ['ls', '/none/such'])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
    })

    test('an image has no shell', async () => {
      const { id } = await one('etcd-manager-main-node-a')
      const asked = runtime.exec(id, ['sh', '-c', 'true'])
      await expect(asked).rejects.toMatchObject({ code: 'HOST_COMMAND', message: /executable file not found/ })
    })

    test('stops one: then its process is gone, and it is not listed as running', async () => {
      const { id } = await one('etcd-manager-events-node-a')
      const { pid } = await runtime.inspect(id)
      await runtime.stop(id, { timeoutSeconds: 30 })
      expect(await isAlive(pid)).toBe(false)
      expect((await running()).map((container) => container.id)).not.toContain(id)
      expect((await runtime.inspect(id)).pid).toBe(0)
    })

    test('removes one that has ended, and none that runs', async () => {
      const [ended] = (await runtime.listEnded()).filter(({ pod }) => pod === 'etcd-manager-events-node-a')
      expect(ended).toMatchObject({ name: 'etcd-manager', state: 'exited' })
      await runtime.remove([ended?.id ?? ''])
      expect((await runtime.listEnded()).map(({ id }) => id)).not.toContain(ended?.id)
      const { id } = await one('etcd-manager-main-node-a')
      await expect(runtime.remove([id])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
      expect((await one('etcd-manager-main-node-a')).id).toBe(id)
    })

    test('one that is stopped can be stopped, and nothing can be run in it', async () => {
      await under.start({ pod: 'etcd-manager-events-node-a', container: 'etcd-manager' })
      const { id } = await one('etcd-manager-events-node-a')
      await runtime.stop(id, { timeoutSeconds: 30 })
      await runtime.stop(id, { timeoutSeconds: 30 })
      await expect(runtime.exec(id, ['ls', '/'])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
    })

    test.each([0, 1])('kills one that does not end within %d s', async (timeoutSeconds) => {
      const pod = `kube-apiserver-${timeoutSeconds}`
      await under.start({ pod, container: 'kube-apiserver', stubborn: true })
      const { id } = await one(pod)
      const { pid } = await runtime.inspect(id)
      await runtime.stop(id, { timeoutSeconds })
      expect(await isAlive(pid)).toBe(false)
    })

    test('of a container that is not there says so', async () => {
      const none = 'f'.repeat(64)
      await expect(runtime.inspect(none)).rejects.toMatchObject({ code: 'HOST_COMMAND' })
      await expect(runtime.exec(none, ['ls', '/'])).rejects.toMatchObject({ code: 'HOST_COMMAND' })
    })

    test(`lists ${many} more`, async () => {
      await under.startMany(many, 'many-node-a')
      const names = (await running()).filter(({ pod }) => pod === 'many-node-a').map((container) => container.name)
      expect(new Set(names).size).toBe(many)
    }, 180_000)
  })
}
