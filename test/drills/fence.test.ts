import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, incident, type Lab } from '../../src/lab/index.ts'
import { pause } from '../../src/lab/wait.ts'
import { labRelease } from '../support/lab-release.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const CONTROL_PLANE = ['a', 'b', 'c']
let lab: Lab

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 2, store: 'file', speed: 20, eventsDecoy: false })
  await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 8 })
})

afterAll(() => lab?.close())

test('before and during the incident nothing that runs is stopped', async () => {
  expect(await lab.workloads()).toEqual({ expected: 6, running: 6 })
})

test('with the API servers stopped kubelets keep what runs', async () => {
  for (const node of CONTROL_PLANE) await lab.stopPod(node, 'kube-apiserver')
  lab.pauseKubelets(false)
  await pause(5 * lab.settings.loopSeconds * 1000)
  expect(await lab.workloads()).toEqual({ expected: 6, running: 6 })
})

test('one API server that serves the empty cluster makes kubelets stop all of it', async () => {
  await lab.startPod('b', 'kube-apiserver')
  await lab.kubeletsAnswered(60_000)
  expect(await lab.workloads()).toEqual({ expected: 6, running: 0 })
})
