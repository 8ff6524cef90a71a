import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { buildLab, type Incident, incident, type Lab, survey } from '../../src/lab/index.ts'
import { answersFor, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, runRescue } from '../support/rescue-process.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
  before = await incident(lab, { keys: 200, sizeBytes: 100_000, seed: 4 }, { scenarios: ['full-database'] })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

/** Where in the journal the first line is that says this, of this step. */
const lineOf = (dir: string, step: string, text = '') =>
  journalLines(dir).findIndex((line) => line.step === step && JSON.stringify(line).includes(text))

async function alarms(): Promise<unknown[]> {
  const gateway = lab.etcd()
  try {
    return (await gateway.call<{ alarms?: unknown[] }>('/v3/maintenance/alarm', { action: 'GET' })).alarms ?? []
  } finally {
    gateway.close()
  }
}

test('the alarm in the data is told before anything is stopped, and taken back at the end', { retry: 0 }, async () => {
  const dir = work.next()
  const run = await runRescue(lab, dir, ['recover', ...answersFor(lab)])
  expect(run.code, run.stderr).toBe(0)
  expect(JSON.parse(run.stdout)).toMatchObject({ status: 'succeeded', verified: { digestMatches: true } })
  const told = lineOf(dir, 'check-state', 'the copy carries the alarm NOSPACE of member')
  expect(told).toBeGreaterThan(0)
  expect(lineOf(dir, 'check-state', 'the quota is 2.15 GB on a, 2.15 GB on b, 2.15 GB on c')).toBeGreaterThan(told)
  expect(lineOf(dir, 'fence')).toBeGreaterThan(told)
  expect(lineOf(dir, 'stop-etcd-manager')).toBeGreaterThan(told)
  expect(lineOf(dir, 'prove-writes', 'disarmed: NOSPACE of member')).toBeGreaterThan(0)
  expect(await alarms()).toEqual([])
  const { keys, digest, writesLost } = await survey(lab, before)
  expect({ keys, digest, writesLost }).toEqual({ ...before.expected, writesLost: 0 })
})
