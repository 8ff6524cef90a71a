import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { detectRuntime } from '../../src/node/detect-runtime.ts'
import { findManifests } from '../../src/node/manifests.ts'
import { findContainers, restartContainer } from '../../src/node/runtime.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import { startPod, stopPod } from '../../src/steps/support/etcd-managers.ts'
import { contextOf } from '../steps/support/step.ts'

export interface KubeletUnderTest {
  /** Of this node, whose name kubelet gives to the mirrors of its pods. */
  host: RemoteHost
  node: string
  /** Kills a process on the node. */
  kill(pid: number): Promise<void>
  stop(): Promise<void>
}

export const MAIN = { container: 'etcd-manager', podPrefix: 'etcd-manager-main' }
export const EVENTS = { container: 'etcd-manager', podPrefix: 'etcd-manager-events' }

/** A kubelet that runs the static pods `etcd-manager-main`, `etcd-manager-events` and `etcd-manager-maintenance`. */
export function staticPodContract(name: string, make: () => Promise<KubeletUnderTest>): void {
  describe(`static pods: ${name}`, () => {
    let under: KubeletUnderTest
    beforeAll(async () => {
      under = await make()
    }, 120_000)
    afterAll(() => under?.stop())
    const { context } = contextOf('fence', {})
    const ids = async (query = MAIN) => (await findContainers(under.host, query)).map(({ id }) => id)

    test("is found by its own name and by its mirror's, which ends in the node's name", async () => {
      const [id] = await ids()
      expect(id).toBeDefined()
      const mirror = `etcd-manager-main-${under.node}`
      expect(await findContainers(under.host, { ...MAIN, podPrefix: mirror })).toMatchObject([{ id, pod: mirror }])
      expect(await ids()).toEqual([id])
    })

    test('restarted: another container runs, and one only', async () => {
      const before = await ids()
      const events = await ids(EVENTS)
      const fresh = await restartContainer(under.host, MAIN)
      expect(before).not.toContain(fresh?.id)
      expect(await ids()).toEqual([fresh?.id])
      expect(await ids(EVENTS)).toEqual(events)
    }, 60_000)

    test('killed: kubelet starts another, which a restart finds and stops', async () => {
      const [before = ''] = await ids(EVENTS)
      await under.kill((await (await detectRuntime(under.host)).inspect(before)).pid)
      const fresh = await restartContainer(under.host, EVENTS)
      expect(fresh?.id).not.toBe(before)
      expect(await ids(EVENTS)).toEqual([fresh?.id])
    }, 60_000)

    test('stopped, it stays so; started, another container runs', async () => {
      const before = await ids()
      await stopPod(context, under.host, MAIN)
      expect(await ids()).toEqual([])
      expect(await findManifests(under.host, MAIN)).toMatchObject({ inPlace: [], aside: [expect.any(String)] })
      await stopPod(context, under.host, MAIN)
      await startPod(context, under.host, MAIN)
      const after = await ids()
      expect(after).toHaveLength(1)
      expect(before).not.toContain(after[0])
      // kubelet backs off from a pod that has ended before only while it sees the container that ended
      const runtime = await detectRuntime(under.host)
      expect((await runtime.listEnded()).filter(({ id }) => before.includes(id))).toEqual([])
    }, 120_000)
  })
}
