import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { hex, listMembers } from '../../src/lab/etcd/kv.ts'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import { answersFor, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { runRescue } from '../support/rescue-process.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

const MANAGER = 'etcd-manager-main'
const work = workDirs()
let lab: Lab
let before: Incident

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 1, store: 'file', speed: 20, eventsDecoy: false })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 11 })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

const type = (...args: string[]) =>
  runRescue(lab, work.next(), [...args, ...answersFor(lab).filter((one) => one !== '--json')])
const faults = (name: string) => lab.faults[name] ?? { down: false }

/** The nodes whose own etcd serves the recovered cluster, by the members that it lists. */
async function serving(): Promise<string[]> {
  const found: string[] = []
  for (const name of ['a', 'b', 'c']) {
    const gateway = lab.etcd(name)
    try {
      const members = await listMembers(gateway)
      if (members.every(({ ID }) => before.memberIds.includes(hex(ID)))) found.push(name)
    } catch {
      // it does not serve
    } finally {
      gateway.close()
    }
  }
  return found
}

test('a node that was down during the recovery comes back, stays stuck, and joins when told to', {
  retry: 0,
}, async () => {
  await lab.stopPod('c', MANAGER)
  faults('c').down = true
  const recovered = await type('recover', '--method', 'return-in-place', '--set', 'down=c')
  expect(recovered.code, recovered.stderr).toBe(0)
  expect(recovered.stderr).toMatch(/etcd-rescue run .*rejoin-member --set node=c/)
  expect(await measure(lab, before.uncertain)).toEqual(before.expected)

  faults('c').down = false
  await lab.startPod('c', MANAGER)
  expect(await serving()).toEqual(['a', 'b'])
  const told = await type('recover')
  expect([told.code, told.stderr]).toEqual([20, expect.stringMatching(/etcd-rescue run .*rejoin-member --set node=c/)])
  expect(told.stderr).toMatch(/c went on with another cluster/)

  const joined = await type('run', 'rejoin-member', '--set', 'node=c')
  expect(joined.code, joined.stderr).toBe(0)
  expect(joined.stderr).toMatch(/c is a member and serves: 3 members, the same data up to revision \d+/)
  expect(await serving()).toEqual(['a', 'b', 'c'])
  expect(await measure(lab, before.uncertain)).toEqual(before.expected)

  const again = await type('run', 'rejoin-member', '--set', 'node=c')
  expect([again.code, again.stderr]).toEqual([20, expect.stringMatching(/c is a member of the cluster .* already/)])
})

test('a node that the configuration does not name is a wrong flag', async () => {
  const lost = await type('run', 'rejoin-member', '--set', 'node=nobody')
  expect([lost.code, lost.stderr]).toEqual([2, expect.stringMatching(/no control-plane node/)])
})
