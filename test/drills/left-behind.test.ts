import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { decodeState } from '../../src/lab/etcd-manager/state.ts'
import { buildLab, type Incident, incident, type Lab, survey } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { answersFor, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'
import { digestsOf } from '../support/trashed.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const work = workDirs()
let lab: Lab
let before: Incident

/**
 * Only c, which was away, has the newest writes, in `data/<old token>`; b's trashed copy ends 150 writes earlier, in the
 * middle of a record; beside b's volume is another with the old data and a `state` that names it; a has nothing.
 */
beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 10, eventsDecoy: false })
  const scenarios = ['member-away', 'volume-beside', 'torn-log'] as const
  before = await incident(lab, { keys: 200, sizeBytes: 100_000, seed: 4 }, { scenarios })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

const nodes = () => lab.nodes.filter(({ role }) => role === 'control-plane')
const nodeB = () => lab.nodes.find(({ name }) => name === 'b') ?? { root: '' }

test('recover takes the copy of the member that was away, and all three serve every write again', {
  retry: 0,
}, async () => {
  const [old = ''] = before.trashed.b ?? []
  const beside = pathsOf(nodeB()).besideVolume
  const untouched = digestsOf([beside])
  const run = await runRescue(lab, work.next(), ['recover', ...answersFor(lab)])
  expect(run.code, run.stderr).toBe(0)
  const result = JSON.parse(run.stdout)
  expect(result.proposal.source).toMatchObject({ id: `c:${old}` })
  expect(result).toMatchObject({ status: 'succeeded', verified: { digestMatches: true } })
  expect(await lab.countServing()).toBe(3)
  const { writesLost, keys, digest, leasesKept } = await survey(lab, before)
  expect({ writesLost, keys, digest, leasesKept }).toEqual({ writesLost: 0, ...before.expected, leasesKept: 5 })
  // etcd-manager runs on its own volume, and what lies beside it is as it was
  expect(digestsOf([beside])).toEqual(untouched)
  const tokens = nodes().map((node) => decodeState(readFileSync(join(pathsOf(node).mainVolume, 'state'))).token)
  expect(new Set(tokens).size).toBe(1)
})
