import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, open, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MemoryScript } from '../../src/adapters/memory/host.ts'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import type { EtcdClient, EtcdMember, LiveEtcd } from '../../src/ports/etcd.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { NAMES, placementOf, TOKEN, threeNodes } from './support/in-place.ts'
import { kvClient } from './support/kv-client.ts'
import { copyToNode, memberDir, putPods } from './support/member-dir.ts'
import { noEtcd } from './support/nodes.ts'
import { copyOf, runStep } from './support/step.ts'

/** A real member directory: what a node has of the cluster that serves. */
let sound: string
beforeAll(async () => {
  sound = await mkdtemp(join(tmpdir(), 'rescue-own-'))
  await memberDir(sound, (member) => putPods(member, 0, 40))
}, 120_000)
afterAll(() => rm(sound, { recursive: true, force: true }))

const refuse = (why: string) =>
  new RescueError('ETCD_FAILED', `etcdserver: mvcc: required revision ${why}`, { hint: 'see' })

interface Options {
  /** The cluster that each node's member serves; none where absent. */
  serves?: Partial<Record<string, string>>
  /** Other hashes of single nodes' data. */
  hash?: Record<string, number>
  /** What single nodes hold under a key in place of what the others do. */
  values?: Record<string, string>
  /** Revisions that single nodes' members stand at, and up to which they have compacted. */
  at?: Record<string, number>
  compacted?: Record<string, number>
  members?: string[]
  /** Letters of members without a vote. */
  learners?: string[]
  confirm?: boolean
  script?: MemoryScript
  /** Raft's, of the cluster that serves. */
  term?: number
  /** What became of c's own directory. */
  spoil?: (dir: string) => Promise<void>
}

/** a and b serve the cluster `cc`, c another one, and has its own directory of `cc` in the trashcan. */
async function scene({
  serves = { a: 'cc', b: 'cc' },
  hash = {},
  values = {},
  at = {},
  compacted = {},
  members = ['a', 'b', 'c'],
  learners = [],
  confirm,
  script,
  term = 5,
  spoil,
}: Options = {}) {
  const made = await threeNodes(script === undefined ? {} : { script })
  const list: EtcdMember[] = members.map((letter) => ({
    id: `1${letter}`,
    name: `etcd-${letter}`,
    peerUrls: [`https://${letter}:2380`],
    clientUrls: [],
    ...(learners.includes(letter) ? { isLearner: true } : {}),
  }))
  for (const name of NAMES) {
    mkdirSync(join(made.baseOf(name), 'data', TOKEN), { recursive: true })
    const token = name === 'c' ? 'empty' : TOKEN
    writeFileSync(
      join(made.baseOf(name), 'state'),
      changeState(Buffer.alloc(0), { token, etcdVersion: '3.5.30', nodes: placementOf(made.seats).members }),
    )
  }
  const removed: string[] = []
  const clientOf = (node: string): EtcdClient => {
    const client = kvClient({ '/registry/x': values[node] ?? 'y' }, { clusterId: serves[node] ?? '' })
    return {
      ...client,
      status: async () => {
        const status = await client.status()
        const revision = at[node] ?? status.revision
        return { ...status, revision, memberId: `1${node}`, raftTerm: term, raftIndex: 1000 }
      },
      members: async () => [...list],
      removeMember: async (id) => {
        removed.push(id)
        list.splice(
          list.findIndex((one) => one.id === id),
          1,
        )
        // etcd-manager takes the node in
        serves[node === 'c' ? node : 'c'] = 'cc'
      },
      range: async function* (options) {
        if ((options?.revision ?? Number.POSITIVE_INFINITY) < (compacted[node] ?? 0)) throw refuse('has been compacted')
        yield* client.range(options)
      },
      hashKv: async (revision) => {
        const compactRevision = compacted[node] ?? 0
        if (revision <= compactRevision) throw refuse('has been compacted')
        if (revision > (at[node] ?? 2)) throw refuse('is a future revision')
        return { hash: hash[node] ?? 7, compactRevision }
      },
    }
  }
  const live: LiveEtcd = {
    connect: async ({ node = 'a' } = {}) => {
      if (serves[node] !== undefined) return clientOf(node)
      throw new RescueError('ETCD_UNREACHABLE', `${node} does not answer`, { hint: 'look at the node' })
    },
  }
  const base = made.baseOf('c')
  await copyToNode(sound, join(base, 'data-trashcan', TOKEN))
  await spoil?.(join(base, 'data-trashcan', TOKEN))
  const old = copyOf({
    id: `c:${TOKEN}`,
    node: 'c',
    token: TOKEN,
    path: `${base}/data-trashcan/${TOKEN}`,
    clusterId: 'cc',
    member: 'etcd-c',
    memberId: '1c',
    walTerm: 4,
    walIndex: 900,
  })
  const now = ['a', 'b'].map((node) =>
    copyOf({
      id: `${node}:${TOKEN}`,
      node,
      token: TOKEN,
      path: `${made.baseOf(node)}/data/${TOKEN}`,
      place: 'data',
      serving: true,
      clusterId: 'cc',
      member: `etcd-${node}`,
    }),
  )
  const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
  const world = { controlPlane: made.controlPlane, store: made.store, target: made.target, live, prompter }
  const choose = (inputs: object = {}, copies = [...now, old]) =>
    runStep('choose-rejoin', { facts: { copies }, inputs: { node: 'c', ...inputs }, world })
  return { ...made, world, choose, removed, base, serves, now, old }
}

const placementIn = (gives: Record<string, unknown>) => gives as Pick<Facts, 'placement' | 'generation'>

describe('rejoin-member', () => {
  test('its own directory, under the state of the others; nothing is changed by finding out', async () => {
    const { choose, base, controlPlane } = await scene()
    const { placement, generation } = placementIn((await choose()).gives)
    expect(placement).toMatchObject({ token: TOKEN, clusterId: 'cc', etcdVersion: '3.5.30' })
    expect(placement.members.map(({ name }) => name)).toEqual(['etcd-a', 'etcd-b', 'etcd-c'])
    expect(placement.seats).toEqual([{ node: 'c', base, name: 'etcd-c', source: `${base}/data-trashcan/${TOKEN}` }])
    expect(generation.members).toHaveLength(1)
    expect(controlPlane.flatMap(({ calls }) => calls).every(({ effect }) => effect === 'read')).toBe(true)
  })

  const EMPTY_SEAT = 'c gets an empty seat, and its peers send it their data'
  const walOf = async (dir: string) => {
    const names = (await readdir(join(dir, 'member/wal'))).filter((name) => name.endsWith('.wal'))
    return join(dir, 'member/wal', names.sort()[0] ?? '')
  }
  const write = async (path: string, at: number, bytes: Buffer) => {
    const handle = await open(path, 'r+')
    await handle.write(bytes, 0, bytes.length, at)
    await handle.close()
  }

  test.each<[string, (dir: string) => Promise<void>, RegExp]>([
    [
      'a bit of an old record has flipped, and the end of its log is sound',
      async (dir) => {
        const content = await readFile(await walOf(dir))
        const at = content.indexOf('value 7')
        await write(await walOf(dir), at, Buffer.from([(content[at] ?? 0) ^ 1]))
      },
      /is not put back: its log is damaged \(.*CRC of a record is wrong/,
    ],
    [
      'its database is lost',
      async (dir) => rm(join(dir, 'member/snap/db')),
      /is not put back: it has no database that can be opened/,
    ],
    [
      'its log is lost',
      async (dir) => rm(join(dir, 'member/wal'), { recursive: true }),
      /is not put back: its log does not say how far it reaches \(there is no WAL/,
    ],
    [
      'a file of its log is a link that leads nowhere',
      async (dir) => {
        const path = await walOf(dir)
        await rm(path)
        await symlink('nowhere', path)
      },
      /is not put back: its log could not be read to its beginning: .*\.wal could not be looked into: it is a link/,
    ],
    ['it is gone since', (dir) => rm(dir, { recursive: true }), /is not put back: it is no longer there/],
  ])('an empty seat where %s: the whole log of its own is read before', async (_, spoil, why) => {
    const { choose, base } = await scene({ spoil })
    const { gives, notes } = await choose()
    expect(placementIn(gives).placement.seats).toEqual([{ node: 'c', base, name: 'etcd-c', lostMemberId: '1c' }])
    expect(notes.slice(-2)).toEqual([expect.stringMatching(why), EMPTY_SEAT])
  })

  test('what the whole log says of how far it reaches is held against the cluster, not what its end seemed to', async () => {
    const { choose, now, old } = await scene({ term: 1 })
    const { gives, notes } = await choose({}, [...now, { ...old, walTerm: 1, walIndex: 1 }])
    expect(placementIn(gives).generation.missing).toEqual(['c'])
    expect(notes.at(-2)).toMatch(/is not put back: its log is of term [2-9], and the cluster's is 1$/)
  })

  test('a node that has no volume is told so: nothing can be put there yet', async () => {
    const { choose, base } = await scene({ script: noEtcd })
    rmSync(base, { recursive: true })
    await expect(choose({}, [])).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /^c has no volume of etcd main/, hint: /attach its disk, or a new one/ },
    })
  })

  test('an empty seat where it is told to, or has none; its old member is named', async () => {
    const [told, bare] = [await scene(), await scene({ spoil: (dir) => rm(dir, { recursive: true }) })]
    for (const [done, base] of [
      [told.choose({ own: 'no' }), told.base],
      [bare.choose({}, []), bare.base],
    ] as const) {
      const { placement, generation } = placementIn((await done).gives)
      expect(placement.seats).toEqual([{ node: 'c', base, name: expect.any(String), lostMemberId: '1c' }])
      expect(generation).toMatchObject({ members: [], missing: ['c'] })
    }
  })

  test.each([
    ['nothing serves', {}, /nothing serves without c/],
    [
      'the others are no quorum',
      { a: 'cc' },
      /1 of 3 members serve without c, and 2 are needed \(b: b does not answer\)$/,
    ],
    ['the others are two clusters', { a: 'cc', b: 'dd' }, /a serves the cluster cc, and b dd/],
    ['it is a member already', { a: 'cc', b: 'cc', c: 'cc' }, /c is a member of the cluster cc already/],
  ])('nothing is done where %s', async (_, serves, message) => {
    const { choose } = await scene({ serves })
    await expect(choose()).rejects.toMatchObject({ code: 'PRECONDITION', message })
  })

  test('an election of the others is over at the next look', async () => {
    const made = await scene()
    const { live } = made.world
    let refusals = 2
    made.world.live = {
      connect: async (options) => {
        if (options?.node === 'b' && refusals-- > 0)
          throw new RescueError('ETCD_UNREACHABLE', 'etcdserver: leader changed', { hint: 'wait' })
        return live.connect(options)
      },
    }
    expect(placementIn((await made.choose()).gives).placement.clusterId).toBe('cc')
  })

  test('members without a vote are needed for no quorum', async () => {
    const { choose } = await scene({ serves: { a: 'cc' }, learners: ['b', 'c'] })
    await choose()
    const others = await scene({ serves: { a: 'cc' }, learners: ['c'] })
    await expect(others.choose()).rejects.toMatchObject({ message: /1 of 2 members serve without c, and 2 are needed/ })
  })

  test('the old member of two with a vote is not taken out, however many learners there are', async () => {
    const made = await scene({
      confirm: true,
      learners: ['b', 'd'],
      members: ['a', 'b', 'c', 'd'],
      serves: { a: 'cc', b: 'cc' },
    })
    const join_ = await joining(made, { own: 'no' })
    await expect(join_()).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /only 2 members: none may be removed/,
    })
    expect(made.removed).toEqual([])
  })

  const ALL = { a: 'cc', b: 'cc', c: 'cc' }

  test('a member whose data are not those of all others is emptied when told to; its own member is named', async () => {
    const { choose, base } = await scene({ serves: ALL, hash: { c: 8 } })
    const hint = /filled anew with: etcd-rescue run rejoin-member --set node=c --set own=no$/
    await expect(choose()).rejects.toMatchObject({ code: 'PRECONDITION', hint })
    const { gives, notes } = await choose({ own: 'no' })
    expect(placementIn(gives).placement.seats).toEqual([{ node: 'c', base, name: 'etcd-c', lostMemberId: '1c' }])
    expect(notes[0]).toMatch(/^c is a member, and its data at revision 2 are not those that the others have$/)
  })

  test.each([
    [
      'stands behind',
      { at: { a: 9, b: 8, c: 5 } },
      /c is a member, and stands at revision 5 of 8 after a linearizable/,
    ],
    [
      'stands behind what the others have compacted',
      { at: { a: 9, b: 8, c: 5 }, compacted: { a: 6, b: 6 } },
      /c is a member, and stands at revision 5 of 8 after a linearizable/,
    ],
    [
      'alone has compacted what the others have',
      { at: { a: 8, b: 8, c: 9 }, compacted: { c: 8 } },
      /c is a member, and has compacted revision 8, which the others have not$/,
    ],
  ])('one that %s is emptied when told to', async (_, options, note) => {
    const { choose, base } = await scene({ serves: ALL, ...options })
    const { gives, notes } = await choose({ own: 'no' })
    expect(placementIn(gives).placement.seats).toEqual([{ node: 'c', base, name: 'etcd-c', lostMemberId: '1c' }])
    expect(notes[0]).toMatch(note)
  })

  test.each([
    ['one of the others', { a: 6 }],
    ['this one less far', { c: 6 }],
  ])('who has compacted up to somewhere else is compared key by key: %s', async (_, compacted) => {
    const at = { a: 8, b: 8, c: 8 }
    const odd = Object.keys(compacted).join()
    const same = await scene({ serves: ALL, at, compacted, hash: { [odd]: 9 } })
    const message = /c is a member .* already, serves, and its data are the others'$/
    await expect(same.choose({ own: 'no' })).rejects.toMatchObject({ code: 'PRECONDITION', message })
    const { choose } = await scene({ serves: ALL, at, compacted, hash: { [odd]: 9, c: 5 }, values: { c: 'other' } })
    expect((await choose({ own: 'no' })).notes[0]).toMatch(/its data at revision 8 are not those that the others have$/)
    const others = await scene({ serves: ALL, at, compacted, hash: { [odd]: 9, b: 5 }, values: { b: 'other' } })
    await expect(others.choose({ own: 'no' })).rejects.toMatchObject({ message: /a and b do not hold the same at/ })
  })

  test('no member is emptied where another one has compacted all that could be compared', async () => {
    const { choose } = await scene({ serves: ALL, at: { a: 9, b: 8, c: 8 }, compacted: { a: 9 } })
    const message = /could not be compared: a compaction is under way/
    await expect(choose({ own: 'no' })).rejects.toMatchObject({ code: 'PRECONDITION', message })
  })

  test.each([
    ['its data are the others', {}, /c is a member .* already, serves, and its data are the others'$/],
    ['the others do not hold the same', { b: 8, c: 9 }, /a and b do not hold the same at revision 2/],
  ])('no member is emptied where %s', async (_, hash, message) => {
    const { choose } = await scene({ serves: ALL, hash })
    await expect(choose({ own: 'no' })).rejects.toMatchObject({ code: 'PRECONDITION', message })
  })

  test('stops etcd-manager on that node alone, and only while the others serve', async () => {
    const made = await scene()
    const { gives } = await made.choose()
    const { seats } = placementIn(gives).placement
    const stop = () => runStep('stop-member', { facts: gives, world: made.world })
    delete made.serves.b
    await expect(stop()).rejects.toMatchObject({ code: 'PRECONDITION', message: /1 of 3 members serve/ })
    expect(made.inPlace('etcd-manager-main')).toEqual([...NAMES])
    made.serves.b = 'cc'
    await stop()
    expect([made.inPlace('etcd-manager-main'), seats.length]).toEqual([['a', 'b'], 1])
  })

  const joining = async (made: Awaited<ReturnType<typeof scene>>, inputs: object = {}) => {
    const { gives } = await made.choose(inputs)
    return () => runStep('join-member', { facts: { ...gives, swapped: { nodes: ['c'], at: 0 } }, world: made.world })
  }

  test('ends when it serves and its data equal the others', async () => {
    const made = await scene()
    const join_ = await joining(made)
    made.serves.c = 'cc'
    expect((await join_()).notes).toEqual(['c is a member and serves: 3 members, the same data up to revision 2'])
    expect(made.removed).toEqual([])
  })

  test('members that have compacted up to different revisions are compared key by key, and are waited for no longer', async () => {
    const compacted = { a: 1 }
    const made = await scene({ compacted })
    const join_ = await joining(made)
    made.serves.c = 'cc'
    expect((await join_()).notes).toEqual(['c is a member and serves: 3 members, the same data up to revision 2'])
    const other = await scene({ compacted, values: { c: 'other' } })
    const differs = await joining(other)
    other.serves.c = 'cc'
    await expect(differs()).rejects.toMatchObject({ code: 'NOT_VERIFIED', message: /on c are not those on a/ })
  })

  test('data that differ are said, with the way that empties it', async () => {
    const made = await scene({ hash: { c: 8 } })
    const join_ = await joining(made)
    made.serves.c = 'cc'
    await expect(join_()).rejects.toMatchObject({ code: 'NOT_VERIFIED', hint: /--set node=c --set own=no/ })
  })

  test('the old member leaves the list only when asked, and only its own', async () => {
    const made = await scene({ confirm: true })
    const { notes } = await (await joining(made, { own: 'no' }))()
    expect(made.removed).toEqual(['1c'])
    expect(notes[0]).toMatch(/is removed from the list; what lies on c stays there/)
    const asked = await scene({ confirm: false })
    await expect((await joining(asked, { own: 'no' }))()).rejects.toMatchObject({ code: 'STEP_FAILED', message: /1c/ })
    expect(asked.removed).toEqual([])
  })
})
