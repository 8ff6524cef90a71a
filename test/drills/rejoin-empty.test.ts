import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { hex, listMembers } from '../../src/lab/etcd/kv.ts'
import { decodeState } from '../../src/lab/etcd-manager/state.ts'
import { buildLab, type Incident, incident, type Lab, measure } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { trashcanOf } from '../../src/lab/trashcans.ts'
import { nodeOf } from '../lab/support/lab.ts'
import { answersFor, NO_WAY_THERE, seenThrough, workDirs } from '../support/failing-run.ts'
import { labRelease } from '../support/lab-release.ts'
import { journalLines, runRescue } from '../support/rescue-process.ts'

// Ends in a minute on a quiet machine; a busy one must not make it lie
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

const MANAGER = 'etcd-manager-main'
const work = workDirs()
let lab: Lab
let before: Incident

beforeAll(async () => {
  lab = await buildLab({ release: await labRelease(), workers: 0, store: 'file', speed: 20, eventsDecoy: false })
  before = await incident(lab, { keys: 300, sizeBytes: 200_000, seed: 12 })
})

afterAll(async () => {
  await lab?.close()
  work.clear()
})

/** What a node's own etcd says: its members by name, each with its id; undefined where it does not serve. */
async function membersBy(name: string): Promise<Record<string, string> | undefined> {
  const gateway = lab.etcd(name)
  try {
    return Object.fromEntries((await listMembers(gateway)).map((one) => [one.name ?? '', hex(one.ID)]))
  } catch {
    return undefined
  } finally {
    gateway.close()
  }
}

const tokenOf = (name: string) => decodeState(readFileSync(join(pathsOf(nodeOf(lab, name)).mainVolume, 'state'))).token

test('a node that has no directory of its own gets an empty seat, which its peers fill', { retry: 0 }, async () => {
  const [node, volume] = [nodeOf(lab, 'c'), pathsOf(nodeOf(lab, 'c')).mainVolume]
  await lab.stopPod('c', MANAGER)
  const away = await seenThrough(lab, ({ nodes }) => {
    for (const one of nodes.controlPlane) if (one.name === 'c') one.address = NO_WAY_THERE
  })
  // somebody has tidied it up: nothing of the old cluster is left on this node
  rmSync(trashcanOf(node), { recursive: true })
  const recovered = await runRescue(away, work.next(), [
    ...['recover', '--method', 'return-in-place', '--set', 'down=c'],
    ...answersFor(lab),
  ])
  expect(recovered.code, recovered.stderr).toBe(0)
  const old = await membersBy('a')

  await lab.startPod('c', MANAGER)
  const empty = tokenOf('c')
  expect(empty).not.toBe(tokenOf('a'))
  const dir = work.next()
  const joined = await runRescue(lab, dir, ['run', 'rejoin-member', '--set', 'node=c', ...answersFor(lab)])
  expect(joined.code, joined.stderr).toBe(0)
  const notes = journalLines(dir).flatMap((line) => ('line' in line ? [line.line] : []))
  expect(notes).toContain('c gets an empty seat, and its peers send it their data')
  expect(notes).toContainEqual(expect.stringMatching(/^member [0-9a-f]+ .* is removed from the list; what lies on c/))
  expect(notes).toContainEqual(expect.stringMatching(/^c is a member and serves: 3 members, the same data up to/))

  // 3 of 3, each by its own word; only c's member is another one than before
  const lists = await Promise.all(['a', 'b', 'c'].map(membersBy))
  expect(lists).toEqual([lists[0], lists[0], lists[0]])
  const isSame = (name: string) => old?.[name] === lists[0]?.[name]
  // a member list has no order of its own
  const names = ['etcd-a', 'etcd-b', 'etcd-c']
  expect([Object.keys(old ?? {}).sort(), Object.keys(lists[0] ?? {}).sort()]).toEqual([names, names])
  expect(names.map(isSame)).toEqual([true, true, false])
  expect(await lab.countServing()).toBe(3)
  expect([tokenOf('c'), readdirSync(join(volume, 'data'))]).toEqual([tokenOf('a'), [tokenOf('a')]])
  expect(await measure(lab, before.uncertain)).toEqual(before.expected)
  const again = ['run', 'rejoin-member', '--set', 'node=c', '--set', 'own=no', ...answersFor(lab)]
  const right = await runRescue(lab, work.next(), again)
  expect([right.code, right.stderr]).toEqual([20, expect.stringMatching(/serves, and its data are the others'/)])
  // nothing that it had is gone
  expect(existsSync(join(trashcanOf(node), empty))).toBe(true)
})
