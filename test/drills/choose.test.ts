import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, type Incident, incident, type Lab } from '../../src/lab/index.ts'
import { workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 's3', speed: 10, eventsDecoy: true })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 6 })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

test('x', async () => {
  const dir = work.next()
  const run = await runRescue(lab, dir, ['recover', '--dry-run'])
  process.stderr.write(run.stderr + run.stdout)
  expect(before).toBeDefined()
})
