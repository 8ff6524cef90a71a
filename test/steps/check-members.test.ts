import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { checkDb, openFileSource } from '../../src/bolt/index.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { tearLog } from '../../src/lab/scenarios/torn-log.ts'
import type { EtcdClient, EtcdRelease, LocalEtcd } from '../../src/ports/etcd.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { returnMembers } from '../../src/steps/support/members.ts'
import { frames } from '../bolt/log-support.ts'
import { placementOf } from './support/in-place.ts'
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

/** Another value in the database of one member, as a disk or a bug of etcd makes it; its log stays whole. */
const alter = (name: string) => (root: string) => {
  const file = join(placeOf(root, name), 'member/snap/db')
  const db = readFileSync(file)
  let changed = 0
  for (let at = db.indexOf('value'); at >= 0; at = db.indexOf('value', at + 1)) changed += db.write('vAlue', at) && 1
  expect(changed).toBeGreaterThan(0)
  writeFileSync(file, db)
}

interface Options {
  /** Nodes whose directory is in the generation besides the leader's. */
  others?: string[]
  local?: LocalEtcd
  remembered?: Map<string, unknown>
  /** Changes what lies on the nodes. */
  spoil?: (root: string) => unknown
  /** The copy's own directory had to be mended before an etcd started on it. */
  mended?: boolean
  /** What check-copy found wrong with the copy's database. */
  damaged?: string
  /** A changed copy of what was fetched of the leader. */
  fetched?: string
  /** Happens to the working copy between its restore and the trial. */
  meanwhile?: (client: EtcdClient) => Promise<unknown>
}

async function check({
  others,
  local = etcd,
  remembered = new Map(),
  spoil = () => {},
  mended = false,
  damaged,
  fetched,
  meanwhile,
}: Options = {}) {
  const root = await tempDir()
  const { leader, follower, early } = killed
  const names = [leader, ...(others ?? [follower, early])]
  for (const name of names) await copyToNode(join(dir, 'killed', name), placeOf(root, name))
  await spoil(root)
  const controlPlane = ['a', 'b', 'c'].map((name) => node(name, { root: join(root, name) }))
  const members = names.map((name) => ({
    ...{ node: name, path: placeOf(root, name), base: join(root, name, 'mnt/v') },
    ...{ memberId: `1${name}`, name, peerUrls: [] },
  }))
  const world = { etcd: local, scratch: await tempScratch(), controlPlane }
  const own = fetched === undefined ? facts : { ...facts, fetched: { ...facts.fetched, dir: fetched } }
  const made = contextOf('restore-locally', { facts: own, inputs: { way: 'wal' }, world })
  onTestFinished(() => returnMembers(made.world))
  const given0 = (await stepOf('restore-locally').act(made.context as never)) as Pick<Facts, 'restored'>
  const restored = { ...given0.restored, ...(mended ? { mended: ['set a file aside'] } : {}) }
  await returnMembers(made.world)
  if (meanwhile) {
    const running = await etcd.start(release, restored.dataDir, { forceNewCluster: true, timeoutMs: 60_000 })
    await meanwhile(running.client)
    await running.stop()
  }
  const copies = names.map((name) => copyOf({ node: name, path: placeOf(root, name), token: TOKEN }))
  const [copy] = copies
  const seats = members.map(({ node: on, path, base, name }) => ({ node: on, base, name, source: path }))
  const generation: Facts['generation'] = { token: TOKEN, clusterId: 'cc', size: 3, members, missing: [] }
  const placement = placementOf(seats, { token: TOKEN })
  const checked = damaged === undefined ? facts.checked : { ...facts.checked, damage: damaged }
  const given = { copies, copy, generation, placement, restored, checked, fetched: own.fetched }
  const done = runStep('check-members', { facts: given, world, remembered })
  return { done, restored, remembered, scratch: world.scratch, controlPlane }
}

describe('check-members', () => {
  test('every directory opens and its log replays; what a quorum has is expected, not what one has alone', async () => {
    const { done, restored, scratch, controlPlane } = await check()
    const { gives, notes } = await done
    const { leader, follower, early, revision } = killed
    expect(restored).toMatchObject({ revision: revision + 1, keys: 10 })
    expect(gives).toMatchObject({ generation: { missing: [] }, copy: { node: leader } })
    expect(gives).toMatchObject({
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

  test('of two members only the one with the longer log can lead: all of it is expected, for the third may have had it too', async () => {
    const { done } = await check({ others: [killed.early] })
    const { gives, notes } = await done
    expect(gives).toMatchObject({ expected: { keys: 10, revision: killed.revision + 1 } })
    expect(notes.join()).not.toContain('nobody was told')
  })

  test('resumed, members that were tried are not fetched again', async () => {
    const { leader, follower, early, revision } = killed
    const remembered = new Map<string, unknown>(
      [follower, early].map((node) => [`tried:${leader}:${node}`, { node, is: 'same', revision }]),
    )
    const { done, controlPlane } = await check({ remembered })
    await done
    expect(controlPlane.flatMap(({ calls }) => calls)).toEqual([])
  })

  const damage = (name: string) => (root: string) => {
    const wal = join(placeOf(root, name), 'member/wal')
    for (const file of readdirSync(wal)) writeFileSync(join(wal, file), 'damaged')
  }

  test('a member that does not start is left out and named before anything is changed', async () => {
    const { leader, follower, early, revision } = killed
    const { done, scratch } = await check({ spoil: damage(follower) })
    const { gives, notes } = await done
    expect(gives).toMatchObject({
      expected: { revision: revision + 1 },
      generation: { members: [{ node: leader }, { node: early }], missing: [follower] },
      placement: {
        seats: expect.arrayContaining([expect.objectContaining({ node: follower, lostMemberId: `1${follower}` })]),
      },
    })
    const seats = (gives as Pick<Facts, 'placement'>).placement.seats
    expect(seats.filter(({ source }) => source === undefined).map(({ node: on }) => on)).toEqual([follower])
    expect(notes.join('\n')).toMatch(
      new RegExp(`careful: the directory on ${follower} does not start: .*It is left out, and filled by its peers`),
    )
    expect(readdirSync(scratch.peek('members'))).toEqual([])
  })

  /** Zeros where one record was, as a lost write leaves them, and a database that holds nothing of what is behind them. */
  const hole = (name: string, older: string) => (root: string) => {
    const db = 'member/snap/db'
    writeFileSync(join(placeOf(root, name), db), readFileSync(join(placeOf(root, older), db)))
    const [file = ''] = readdirSync(join(placeOf(root, name), 'member/wal')).filter((one) => one.endsWith('.wal'))
    const path = join(placeOf(root, name), 'member/wal', file)
    const wal = readFileSync(path)
    const lost = frames(wal).find(({ content }) => content.includes('default/p7'))
    writeFileSync(path, wal.fill(0, lost?.offset, lost?.next))
  }

  test('one with a hole in its log is left out: etcd takes it for the end, and erases what was acknowledged', async () => {
    const { follower, early } = killed
    const { done } = await check({ spoil: hole(follower, early) })
    const { gives, notes } = await done
    expect(gives).toMatchObject({ generation: { missing: [follower] } })
    expect(notes.join('\n')).toMatch(new RegExp(`the directory on ${follower} does not start: .*a hole of zeros`))
  })

  const shorten = (name: string) => (root: string) => {
    const wal = join(placeOf(root, name), 'member/wal')
    for (const file of readdirSync(wal)) truncateSync(join(wal, file), 1000)
  }

  test('one whose log ends before its database is left out: an etcd starts on it, and drops writes', async () => {
    const { follower } = killed
    const { notes } = await (await check({ spoil: shorten(follower) })).done
    expect(notes.join('\n')).toMatch(
      new RegExp(`${follower} does not start: the log ends at .* and the database holds`),
    )
  })

  test('a member that holds other data than a quorum is left out, with the keys that differ', async () => {
    const { leader, follower, early } = killed
    const { gives, notes } = await (await check({ spoil: alter(follower) })).done
    expect(gives).toMatchObject({
      ...{ copy: { node: leader }, generation: { members: [{ node: leader }, { node: early }], missing: [follower] } },
    })
    expect(notes.join('\n')).toMatch(
      new RegExp(
        `careful: the member on ${follower} holds other data .*keys? differs? at revision [\\d,]+: "/registry/pods`,
      ),
    )
  })

  test('the odd one may be the copy that was chosen, whose log reaches furthest', async () => {
    const { leader, follower, early, revision } = killed
    const fresh = join(dir, 'odd')
    await cp(join(dir, 'killed', leader), fresh, { recursive: true })
    await cp(join(fresh, 'member'), join(placeOf(join(dir, 'roots'), leader), 'member'), { recursive: true })
    alter(leader)(join(dir, 'roots'))
    await cp(join(placeOf(join(dir, 'roots'), leader), 'member'), join(fresh, 'member'), {
      recursive: true,
      force: true,
    })
    const { done } = await check({ spoil: alter(leader), fetched: fresh })
    const { gives, notes } = await done
    expect(gives).toMatchObject({
      ...{ copy: { node: follower }, expected: { revision } },
      generation: { members: [{ node: follower }, { node: early }], missing: [leader] },
    })
    expect(notes.join('\n')).toMatch(new RegExp(`the member on ${leader} holds other data than the others`))
  })

  test('one whose directory had to be mended is not put back: its bytes are what etcd would find', async () => {
    const { leader, follower, early } = killed
    const { gives, notes } = await (await check({ mended: true, spoil: shorten(leader) })).done
    expect(gives).toMatchObject({ generation: { members: [{ node: follower }, { node: early }], missing: [leader] } })
    expect(notes.join('\n')).toContain(
      `the directory on ${leader} is not what was proven: on a copy here, set a file aside. An etcd`,
    )
  })

  test('one whose database is damaged is not put back, though an etcd starts on it and holds the same', async () => {
    const { leader, follower, early } = killed
    const { gives, notes } = await (await check({ damaged: 'page 7 is damaged' })).done
    expect(gives).toMatchObject({ generation: { members: [{ node: follower }, { node: early }], missing: [leader] } })
    expect(notes.join('\n')).toContain(
      `the directory on ${leader} is not what was proven: on a copy here, its database could not be used as it is (page 7 is damaged). An etcd`,
    )
  })

  test('the copy whose log ends torn is put back like the others: etcd cuts it by itself, and holds all that was proven', async () => {
    const { leader, follower, revision } = killed
    const torn = join(dir, 'torn')
    await cp(join(dir, 'killed', leader), torn, { recursive: true })
    await tearLog(torn)
    const spoil = (root: string) => tearLog(placeOf(root, leader))
    const { done, restored } = await check({ others: [follower], spoil, fetched: torn })
    expect(restored.mended?.join()).toContain('cut off the last record of the log')
    const { gives } = await done
    expect(gives).toMatchObject({
      expected: { revision: revision + 1 },
      generation: { members: [{ node: leader }, { node: follower }], missing: [] },
    })
  })

  test.each([
    ['two that differ', { others: [] as string[], alters: true }, /holds other data than the others/],
    ['two of which one does not start', { others: [], alters: false }, /does not start/],
  ])('without a majority a seed is asked for: %s', async (_, { alters }, message) => {
    const { follower } = killed
    const { done } = await check({ others: [follower], spoil: (alters ? alter : damage)(follower) })
    await expect(done).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message },
      hint: expect.stringMatching(
        /etcd-rescue diff .* and seed all from it: etcd-rescue recover --method seed-in-place --copy/,
      ),
    })
  })

  test('one that cannot be compared is not the same', async () => {
    const { leader, follower, early } = killed
    let starts = 0
    const start: LocalEtcd['start'] = async (...args) => {
      const member = await etcd.start(...args)
      // the first is the trial of the copy, the second its base, then the others
      if (++starts !== 3) return member
      const refuse = async () => {
        throw new RescueError('ETCD_FAILED', 'etcdserver: mvcc: required revision has been compacted', { hint: 'see' })
      }
      return {
        ...member,
        client: {
          ...member.client,
          hashKv: refuse,
          range: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
        },
      }
    }
    const { gives, notes } = await (await check({ local: { ...etcd, start } })).done
    expect(gives).toMatchObject({ generation: { members: [{ node: leader }, { node: early }], missing: [follower] } })
    expect(notes.join('\n')).toMatch(
      new RegExp(`the member on ${follower} could not be compared with the others: .*compacted`),
    )
  })

  test('a machine that is too slow to keep the leases is no fault of a member: it is tried anew, from a fresh copy', async () => {
    const { leader, follower, early } = killed
    let starts = 0
    const start: LocalEtcd['start'] = (...args) => {
      starts += 1
      // the first is the trial of the copy, the second its base, then the others
      if (starts === 3) throw new RescueError('LEASES_EXPIRED', '1 leases ran out', { hint: 'try again' })
      return etcd.start(...args)
    }
    const { gives } = await (await check({ local: { ...etcd, start } })).done
    expect(gives).toMatchObject({ generation: { members: [leader, follower, early].map((one) => ({ node: one })) } })
  })

  test.each(['in an earlier attempt', 'as it starts'])(
    'leases that ran out on the base %s: it is made anew',
    async (when) => {
      const undisturbed = (await (await check()).done).gives
      let starts = 0
      const start: LocalEtcd['start'] = (...args) => {
        starts += 1
        // the first is restore-locally's
        if (starts === 2 && when === 'as it starts')
          throw new RescueError('LEASES_EXPIRED', '1 leases ran out', { hint: '' })
        return etcd.start(...args)
      }
      const written = (client: EtcdClient) => client.put('/registry/pods/default/p0', 'later')
      const meanwhile = when === 'as it starts' ? {} : { meanwhile: written }
      const { done, restored } = await check({ local: { ...etcd, start }, ...meanwhile })
      const { gives, notes } = await done
      expect(notes[0]).toBe('leases ran out on the working copy, or something was written to it: it is made anew')
      const { keys, digest, revision } = (undisturbed as Pick<Facts, 'expected'>).expected
      expect(gives).toMatchObject({ expected: { keys, digest, revision, dataDir: restored.dataDir } })
      // what is read of it later stands at its newest revision
      const running = await etcd.start(release, restored.dataDir, { forceNewCluster: true, timeoutMs: 60_000 })
      expect((await running.client.status()).revision).toBe(restored.revision)
      await running.stop()
    },
  )

  test.each(['DISK_FULL', 'ETCD_MISSING', 'LEASES_EXPIRED'] as const)('%s is no fault of the member', async (code) => {
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
