import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, incident, type Lab } from '../../src/lab/index.ts'
import { pause } from '../../src/lab/wait.ts'
import { answersFor, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 2, store: 'file', speed: 20, eventsDecoy: false })
  await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 8 })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

async function type(command: string): Promise<void> {
  const run = await runRescue(lab, work.next(), [command, ...answersFor(lab)])
  expect(run.code, run.stderr).toBe(0)
}

test('before and during the incident nothing that runs is stopped', async () => {
  expect(await lab.workloads()).toEqual({ expected: 6, running: 6 })
})

test('behind the fence kubelets keep what runs', async () => {
  await type('fence')
  lab.pauseKubelets(false)
  await pause(5 * lab.settings.loopSeconds * 1000)
  expect(await lab.workloads()).toEqual({ expected: 6, running: 6 })
})

test('without it, API servers that serve the empty cluster make kubelets stop all of it', async () => {
  await type('unfence')
  await lab.kubeletsAnswered(60_000)
  expect(await lab.workloads()).toEqual({ expected: 6, running: 0 })
})
