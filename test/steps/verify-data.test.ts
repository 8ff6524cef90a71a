import { execFileSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { nodeValue } from '../../src/lab/kube-kinds.ts'
import type { EtcdRelease, LocalEtcd, LocalMember } from '../../src/ports/etcd.ts'
import { liveAs } from './support/kv-client.ts'
import { etcd, memberDir, oneRelease } from './support/member-dir.ts'
import { node } from './support/nodes.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'

const MASTERLEASE = '/registry/masterleases/10.0.0.1'
const EVENT = '/registry/events/default/e'
const NODE = '/registry/minions/n1'
const LEASE = '/registry/leases/default/mine'
const keys: Record<string, string | Buffer> = {
  [EVENT]: 'happened',
  [LEASE]: '{"kind":"Lease","metadata":{"name":"mine","namespace":"default"},"spec":{"leaseDurationSeconds":15}}',
  [MASTERLEASE]: 'x',
  [NODE]: nodeValue('n1', { address: '10.0.0.1', isControlPlane: false, uid: 'u1' }),
  '/registry/pods/default/a': 'one',
  '/registry/pods/default/b': 'two',
}
const ALL = Object.keys(keys).length
/** Keys that have a lease, as API servers put them. */
const LEASED = [EVENT, MASTERLEASE]

let dir: string
let release: EtcdRelease
const put = async ({ client }: Pick<LocalMember, 'client'>, all: Record<string, string | Buffer>) => {
  for (const [key, value] of Object.entries(all)) await client.put(key, value)
}
const without = (...gone: string[]) => Object.fromEntries(Object.entries(keys).filter(([key]) => !gone.includes(key)))

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  release = await oneRelease()
  await memberDir(join(dir, 'trial'), async (member) => {
    await put(member, without(...LEASED))
    const ctl = (...args: string[]) =>
      execFileSync(release.etcdctl, [`--endpoints=unix://${readlinkSync(`/proc/${member.pid}/cwd`)}/c:1`, ...args], {
        env: { ...process.env, ETCDCTL_API: '3' },
        encoding: 'utf8',
      })
    const [, id = ''] = /lease (\w+) granted/.exec(ctl('lease', 'grant', '3600')) ?? []
    for (const key of LEASED) ctl('put', key, String(keys[key]), `--lease=${id}`)
  })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

interface Live {
  /** What the restore put, one by one from revision 2 on, and what was written later. */
  restored?: Record<string, string | Buffer>
  later?: Record<string, string | Buffer>
  deleted?: string[]
  /** Compacts all but what is there now. */
  compacted?: boolean
  /** Through etcd-manager, and how long that took. */
  seconds?: number
  local?: LocalEtcd
}

let runs = 0

async function verify({ restored = keys, later = {}, deleted = [], compacted = false, seconds, local = etcd }: Live) {
  const name = `run${++runs}`
  const dataDir = join(dir, `${name}-trial`)
  await cp(join(dir, 'trial'), dataDir, { recursive: true })
  const live = await etcd.start(release, join(dir, name))
  try {
    await put(live, restored)
    await put(live, later)
    for (const key of deleted) {
      const { modRevision = 0 } = (await live.client.get(key)) ?? {}
      await live.client.deleteIfUnchanged(Buffer.from(key), modRevision)
    }
    if (compacted) await live.client.compact((await live.client.status()).revision)
    const backup = seconds === undefined ? {} : { backup: '2024-03-21T13:02:05Z-000001' }
    const facts = {
      expected: { keys: ALL, digest: '', revision: ALL + 1, dataDir, minor: release.minor, dataBytes: 100, ...backup },
      restoredLive: { clusterId: 'c', seconds: seconds ?? 1, liveRevision: ALL + 1 },
    }
    const client = { ...live.client, close: async () => {} }
    return await runStep('verify-data', { facts, world: { etcd: local, live: liveAs(() => client) } })
  } finally {
    await live.stop()
  }
}

const refused = (message: RegExp) => ({ code: 'NOT_VERIFIED', message })

describe('verify-data, at the revision that was recovered', () => {
  test('every key and value the same; what was written since does not count', async () => {
    const { gives, notes } = await verify({
      later: { '/registry/pods/default/c': 'new', '/registry/pods/default/a': 'now', [NODE]: 'garbage' },
    })
    expect(gives).toEqual({
      verified: { keysExpected: ALL, keysFound: ALL, digestMatches: true, explained: {} },
      members: [],
    })
    expect(notes).toEqual([`${ALL} of ${ALL} keys found with equal values; digests match`])
  })

  test.each([
    ['a masterlease that changed', { restored: { ...keys, [MASTERLEASE]: 'renewed' } }, /10\.0\.0\.1" changed/],
    ['events that are gone', { restored: without(EVENT) }, /events\/default\/e" missing/],
    ["a user's Lease that is gone", { restored: without(LEASE) }, /leases\/default\/mine" missing/],
    ['a Node replaced by garbage', { restored: { ...keys, [NODE]: 'garbage' } }, /minions\/n1" changed/],
    ['a key too many', { restored: { '/registry/pods/default/x': 'y', ...without(EVENT) } }, /default\/x" added/],
    ['an empty cluster', { restored: {} }, new RegExp(`0 of ${ALL} keys are right`)],
  ])('nothing is excused: %s', async (_, live, message) => {
    await expect(verify(live)).rejects.toMatchObject(refused(message))
  })

  test('a machine that was too slow to keep the leases of the copy begins again', async () => {
    let starts = 0
    const start: LocalEtcd['start'] = (...args) => {
      starts += 1
      if (starts === 1) throw new RescueError('LEASES_EXPIRED', '1 leases ran out', { hint: 'try again' })
      return etcd.start(...args)
    }
    const { notes } = await verify({ local: { ...etcd, start } })
    expect(notes[0]).toBe('the comparison was interrupted (1 leases ran out) and begins again')
  })

  test('a lost and a changed key are named without their values', async () => {
    const wrong = verify({ restored: { ...without('/registry/pods/default/a'), '/registry/pods/default/b': 'secret' } })
    await expect(wrong).rejects.toMatchObject(refused(/pods\/default\/a" missing.*b" changed/))
    await expect(wrong).rejects.not.toThrow(/secret/)
  })

  test('a lease that ran out while etcd-manager read the backup is counted, also under writes since', async () => {
    for (const later of [{}, { '/registry/pods/default/a': 'now', '/registry/pods/default/new': 'x' }]) {
      const { gives, notes } = await verify({ restored: without(MASTERLEASE), later, seconds: 16 })
      expect(gives).toMatchObject({ verified: { keysExpected: ALL - 1, keysFound: ALL - 1, digestMatches: true } })
      expect(notes[0]).toBe('1 key differs and may: their lease ran out while etcd-manager read the backup, key by key')
    }
  })

  test.each([
    ['one that cannot have run out yet', { restored: without(EVENT), seconds: 600 }],
    ['one in a restore that was faster', { restored: without(MASTERLEASE), seconds: 14 }],
    ['one in place, where no key is put', { restored: without(MASTERLEASE) }],
    ['a key that had none', { restored: without(LEASE), seconds: 600 }],
  ])('no other lease is excused: %s', async (_, live) => {
    await expect(verify(live)).rejects.toMatchObject(refused(/1 differ: ".*" missing/))
  })
})

describe('verify-data, of every member', () => {
  const placeOf = (name: string) => join(dir, `members-${name}`)
  const nodes = ['a', 'b', 'c'].map((name) => node(name))

  /** Three etcds that got the same writes stand for the members; `odd` has one value more of its own. */
  async function ofMembers(
    odd?: string,
    away?: string,
    given: { members?: unknown } = {},
    later: (members: Map<string, LocalMember>) => Promise<void> = async () => {},
  ) {
    const id = `m${++runs}`
    const dataDir = join(dir, `${id}-trial`)
    await cp(join(dir, 'trial'), dataDir, { recursive: true })
    const members = new Map<string, LocalMember>()
    try {
      for (const name of ['a', 'b', 'c']) {
        const member = await etcd.start(release, placeOf(`${id}${name}`))
        members.set(name, member)
        await put(member, name === odd ? { ...keys, '/registry/pods/default/b': 'other' } : keys)
      }
      await later(members)
      const connect = async ({ node: on = 'a' }: { node?: string } = {}) => {
        const member = members.get(on)
        if (member === undefined || on === away) throw new RescueError('ETCD_UNREACHABLE', 'silent', { hint: 'see' })
        return { ...member.client, close: async () => {} }
      }
      const facts = {
        expected: { keys: ALL, digest: '', revision: ALL + 1, dataDir, minor: release.minor, dataBytes: 100 },
        restoredLive: { clusterId: 'c', seconds: 1, liveRevision: ALL + 1 },
      }
      const step = stepOf('verify-data')
      const { context, notes } = contextOf('verify-data', {
        facts,
        world: { etcd, live: { connect }, controlPlane: nodes },
      })
      const gives = Object.assign(given, await step.act(context as never))
      await step.verify?.(context as never, gives)
      return { notes, gives }
    } finally {
      await Promise.all([...members.values()].map((member) => member.stop()))
    }
  }

  test('all hold the same', async () => {
    expect((await ofMembers()).notes).toEqual([`${ALL} of ${ALL} keys found with equal values; digests match`])
  })

  test('one that holds something else fails the verification, with its name and the key, and is in the result', async () => {
    const given: { members?: unknown } = {}
    await expect(ofMembers('c', undefined, given)).rejects.toMatchObject(
      refused(
        /^not all members hold the same: .* is c \(1 key differs at revision 7: "\/registry\/pods\/default\/b" changed\)$/,
      ),
    )
    expect(given.members).toEqual([
      { node: 'a', is: 'same' },
      { node: 'b', is: 'same' },
      { node: 'c', is: 'differs', why: '1 key differs at revision 7: "/registry/pods/default/b" changed' },
    ])
  })

  test('one that lost writes fails the verification', async () => {
    const done = ofMembers(undefined, undefined, {}, async (members) => {
      await members.get('c')?.stop()
      const less = await etcd.start(release, placeOf(`behind${runs}`))
      members.set('c', less)
      await put(less, without('/registry/pods/default/b'))
    })
    await expect(done).rejects.toMatchObject(
      refused(/is c \(it stands at revision 6 of 7 after a linearizable read\)$/),
    )
  })

  test('one that alone has compacted the revision fails it too', async () => {
    const done = ofMembers(undefined, undefined, {}, async (members) => {
      for (const member of members.values()) await put(member, { '/registry/pods/default/c': 'new' })
      await members.get('c')?.client.compact(8)
    })
    await expect(done).rejects.toMatchObject(refused(/is c \(revision 7 is compacted in only one of them\)$/))
  })

  test('one that does not answer is not taken for the same, and is named at the end with what to type', async () => {
    const { notes, gives } = await ofMembers(undefined, 'b')
    expect(notes[0]).toBe('careful: the member on b was not compared: silent')
    const { members } = gives as { members: unknown[] }
    expect(members).toEqual([
      { node: 'a', is: 'same' },
      { node: 'b', is: 'unseen', why: 'silent' },
      { node: 'c', is: 'same' },
    ])
    expect(stepOf('verify-data').next?.(gives, 'events')).toEqual([
      'etcd-rescue run verify-members --etcd-cluster events   # the member on b was not compared: silent',
    ])
  })
})

describe('verify-data, when that revision is compacted', () => {
  test('what was written since is excused and counted, and it is said why', async () => {
    const later = { '/registry/pods/default/a': 'now', '/registry/pods/default/c': 'new', [MASTERLEASE]: 'renewed' }
    const { gives, notes } = await verify({ later, deleted: [EVENT], compacted: true })
    expect(notes[0]).toMatch(/^revision 7 of the running cluster is compacted: it is compared as it is now, at \d+$/)
    expect(gives).toMatchObject({ verified: { keysExpected: 3, keysFound: 3, digestMatches: true } })
    expect(notes).toContain('2 keys differ and may: written since the restore')
    const { explained } = (gives as { verified: { explained: Record<string, number> } }).verified
    expect(Object.values(explained).sort()).toEqual([1, 1, 2])
  })

  test('what goes by itself may be gone', async () => {
    const { notes } = await verify({ deleted: [EVENT, MASTERLEASE], compacted: true })
    expect(notes).toContain('1 key differs and may: events: they expire an hour after they were made')
    expect(notes.some((line) => line.startsWith('1 key differs and may: masterleases: '))).toBe(true)
  })

  const since = { later: { '/k1': '', '/k2': '' }, compacted: true }
  test.each([
    ["a user's Lease is gone", { deleted: [LEASE], compacted: true }, /leases\/default\/mine" missing/],
    ['a Node is gone', { deleted: [NODE], compacted: true }, /minions\/n1" missing/],
    ['a Node is garbage', { later: { [NODE]: 'garbage' }, compacted: true }, /minions\/n1" changed/],
    [
      'a value was wrong from the start',
      { ...since, restored: { ...keys, [MASTERLEASE]: 'y' } },
      /10\.0\.0\.1" changed/,
    ],
    [
      'nothing is left',
      { later: { '/k': '' }, restored: {}, compacted: true },
      new RegExp(`0 of ${ALL} keys are right`),
    ],
  ])('it is not verified when %s', async (_, live, message) => {
    await expect(verify(live)).rejects.toMatchObject(refused(message))
  })
})
