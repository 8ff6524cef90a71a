import { readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { checkDb, openFileSource } from '../../src/bolt/index.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { EtcdRelease, LocalEtcd } from '../../src/ports/etcd.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { returnMembers } from '../../src/steps/support/members.ts'
import { copyToNode, etcd, oneRelease } from './support/member-dir.ts'
import { node } from './support/nodes.ts'
import { contextOf, copyOf, runStep, stepOf } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'
import { type Killed, killThreeMembers } from './support/three-members.ts'

// Seven etcds on a busy machine
vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 })

const TOKEN = '-AbCdEfGhIjKlMnOpQrStU'
const placeOf = (root: string, name: string) => join(root, name, 'mnt/v/data-trashcan', TOKEN)

let dir: string
let release: EtcdRelease
let killed: Killed
let facts: Pick<Facts, 'fetched' | 'checked'>

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  release = await oneRelease()
  killed = await killThreeMembers(release, join(dir, 'killed'))
  const leader = join(dir, 'killed', killed.leader)
  const source = await openFileSource(join(leader, 'member/snap/db'))
  const { revision, keys } = await checkDb(source)
  await source.close()
  facts = {
    fetched: { dir: leader, bytes: 1, files: [] },
    checked: { minor: release.minor, revision, keys, sizeBytes: 1, findings: [] },
  }
})
afterAll(() => rm(dir, { recursive: true, force: true }))

interface Options {
  /** Nodes whose directory is in the generation besides the leader's. */
  others?: string[]
  local?: LocalEtcd
  remembered?: Map<string, unknown>
  /** Changes what lies on the nodes. */
  spoil?: (root: string) => void
}

async function check({ others, local = etcd, remembered = new Map(), spoil = () => {} }: Options = {}) {
  const root = await tempDir()
  const { leader, follower, early } = killed
  const names = [leader, ...(others ?? [follower, early])]
  for (const name of names) await copyToNode(join(dir, 'killed', name), placeOf(root, name))
  spoil(root)
  const controlPlane = ['a', 'b', 'c'].map((name) => node(name, { root: join(root, name) }))
  const members = names.map((name) => ({
    ...{ node: name, path: placeOf(root, name), base: join(root, name, 'mnt/v') },
    ...{ memberId: `1${name}`, name, peerUrls: [] },
  }))
  const world = { etcd: local, scratch: await tempScratch(), controlPlane }
  const made = contextOf('restore-locally', { facts, inputs: { way: 'wal' }, world })
  onTestFinished(() => returnMembers(made.world))
  const { restored } = (await stepOf('restore-locally').act(made.context as never)) as Pick<Facts, 'restored'>
  await returnMembers(made.world)
  const copy = copyOf({ node: leader, path: placeOf(root, leader), token: TOKEN })
  const generation: Facts['generation'] = { token: TOKEN, clusterId: 'cc', size: 3, members, missing: [] }
  const given = { copy, generation, restored, checked: facts.checked }
  const done = runStep('check-members', { facts: given, world, remembered })
  return { done, restored, remembered, scratch: world.scratch, controlPlane }
}

describe('check-members', () => {
  test('every directory opens and its log replays; what a quorum has is expected, not what one has alone', async () => {
    const { done, restored, scratch, controlPlane } = await check()
    const { gives, notes } = await done
    const { leader, follower, early, revision } = killed
    expect(restored).toMatchObject({ revision: revision + 1, keys: 10 })
    expect(gives).toEqual({
      expected: {
        ...{ keys: 9, revision, minor: release.minor, dataDir: restored.dataDir },
        ...{ digest: expect.stringMatching(/^[0-9a-f]{16,}/), dataBytes: expect.any(Number) },
      },
    })
    expect(notes).toEqual([
      `${leader} opens, and its WAL replays: revision ${revision + 1}`,
      `${follower} opens, and its WAL replays: revision ${revision}`,
      `${early} opens, and its WAL replays: revision ${revision - 3}`,
      expect.stringMatching(new RegExp(`^what was written after revision ${revision} is only in the log of ${leader}`)),
    ])
    expect(readdirSync(scratch.peek('members'))).toEqual([])
    expect(controlPlane.flatMap(({ calls }) => calls).every(({ effect }) => effect === 'read')).toBe(true)
  })

  test('of two members both are the quorum: the shorter log says what is expected', async () => {
    const { done } = await check({ others: [killed.early] })
    expect((await done).gives).toMatchObject({ expected: { keys: 6, revision: killed.revision - 3 } })
  })

  test('resumed, members that were tried are not fetched again', async () => {
    const { follower, early, revision } = killed
    const remembered = new Map<string, unknown>([follower, early].map((name) => [`revision:${name}`, revision]))
    const { done, controlPlane } = await check({ remembered })
    await done
    expect(controlPlane.flatMap(({ calls }) => calls)).toEqual([])
  })

  test('a member that does not start is named before anything is changed, with two ways on', async () => {
    const { follower } = killed
    const spoil = (root: string) => {
      const wal = join(placeOf(root, follower), 'member/wal')
      for (const name of readdirSync(wal)) writeFileSync(join(wal, name), 'damaged')
    }
    const { done, remembered, scratch } = await check({ spoil })
    await expect(done).rejects.toMatchObject({
      code: 'COPY_CORRUPT',
      message: expect.stringMatching(new RegExp(`^the directory on ${follower} does not start: `)),
      hint: expect.stringMatching(new RegExp(`--set without=${follower}; .*--method seed-in-place`)),
    })
    expect(remembered.has(`revision:${follower}`)).toBe(false)
    expect(readdirSync(scratch.peek('members'))).toEqual([])
  })

  test.each(['DISK_FULL', 'ETCD_MISSING'] as const)('%s is no fault of the member', async (code) => {
    let starts = 0
    const start: LocalEtcd['start'] = (...args) => {
      starts += 1
      if (starts > 1) throw new RescueError(code, 'not here', { hint: 'make room' })
      return etcd.start(...args)
    }
    const { done } = await check({ local: { ...etcd, start } })
    await expect(done).rejects.toMatchObject({ code, message: 'not here' })
  })

  test('a copy whose WAL could not be replayed is no member to return to', async () => {
    const given = { copy: copyOf(), generation: {}, checked: {}, restored: { way: 'db' } }
    await expect(runStep('check-members', { facts: given })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /^the WAL on a cannot be replayed/,
      hint: /seed-in-place/,
    })
  })
})
