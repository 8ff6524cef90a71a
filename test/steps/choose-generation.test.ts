import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { CREATED_KEY, encodeCreated, encodeSpec, SPEC_KEY } from '../../src/etcd-manager/control.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import type { LocalEtcd } from '../../src/ports/etcd.ts'
import type { Copy, Facts, Seat } from '../../src/steps/facts.ts'
import { planMoves } from '../../src/steps/support/plan-moves.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, noEtcd, targetOf } from './support/nodes.ts'
import { copyOf, runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const NAMES = ['a', 'b', 'c'] as const
const OLD = '-AbCdEfGhIjKlMnOpQrStU'

const listed = NAMES.map((name) => ({ id: `1${name}`, name: `etcd-${name}`, peerUrls: [`https://${name}:2380`] }))
const nodesOf = (host = (name: string) => name) =>
  listed.map(({ name }) => ({
    ...{ name, tlsEnabled: true, peerUrls: [`https://${host(name.slice(-1))}:2380`] },
    ...{ clientUrls: [`https://${host(name.slice(-1))}:4001`], quarantinedClientUrls: [] },
  }))

interface Scene {
  /** Nodes whose directory is lost. */
  lost?: string[]
  away?: string[]
  /** Nodes that answer, and have no volume; those on which it may be, and cannot be seen. */
  volumeless?: string[]
  hidden?: string[]
  confirm?: boolean
  specVersion?: string
  etcds?: string[]
  inputs?: unknown
  /** Hosts' names now, by the letter of the node. */
  host?: (name: string) => string
  change?: (copies: Copy[]) => Copy[]
  etcd?: LocalEtcd
  /** What the empty cluster stands at. */
  revision?: number
}

/** Three nodes that run an empty cluster, with the lost one's directories in their trashcans. */
async function choose(scene: Scene = {}) {
  const { lost = [], away = [], volumeless = [], hidden = [], confirm } = scene
  const { specVersion = '3.5.30', etcds, inputs, host, revision, etcd, change = (all) => all } = scene
  const none = [...volumeless, ...hidden]
  const dir = await tempDir()
  const controlPlane = NAMES.map((name) => {
    const base = join(dir, name, 'mnt/v')
    const seen = { root: join(dir, name), isAway: () => away.includes(name), script: noEtcd }
    if (none.includes(name)) {
      mkdirSync(join(dir, name, 'mnt'), { recursive: true })
      if (hidden.includes(name)) symlinkSync('loop', join(dir, name, 'mnt/loop'))
      return node(name, seen)
    }
    mkdirSync(join(base, 'data-trashcan', OLD), { recursive: true })
    mkdirSync(join(base, 'data/new'), { recursive: true })
    const state = changeState(Buffer.alloc(0), { token: 'new', etcdVersion: '3.5.30', nodes: nodesOf(host) })
    writeFileSync(join(base, 'state'), state)
    return node(name, { ...seen, ...(etcds ? { etcds } : {}) })
  })
  const copies = NAMES.flatMap((name, at): Copy[] => {
    if (away.includes(name) || none.includes(name)) return []
    const base = join(dir, name, 'mnt/v')
    const one = { node: name, member: `etcd-${name}`, memberId: `1${name}`, memberList: listed }
    const members = listed.map(({ id }) => id)
    const own = { ...one, members, keysKept: 800, peerUrls: [`https://${name}:2380`], walTerm: 2, walIndex: 900 + at }
    const serving = { id: `${name}:new`, token: 'new', place: 'data', serving: true, clusterId: 'ff' } as const
    return [
      copyOf({ ...one, ...serving, path: `${base}/data/new`, revision: 4 }),
      ...(lost.includes(name)
        ? []
        : [copyOf({ ...own, id: `${name}:${OLD}`, token: OLD, path: `${base}/data-trashcan/${OLD}` })]),
    ]
  })
  const store = memoryStore()
  await store.write(CREATED_KEY, encodeCreated(new Date(0)))
  await store.write(SPEC_KEY, encodeSpec({ memberCount: 3, etcdVersion: specVersion }))
  const live = liveAs(() => {
    if (revision === undefined) return undefined
    const client = kvClient({ '/registry/namespaces/default': 'x' }, { clusterId: 'ff' })
    return { ...client, status: async () => ({ ...(await client.status()), revision }) }
  })
  const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
  const world = { controlPlane, store, target: targetOf(controlPlane), prompter }
  const made = await runStep('choose-generation', {
    facts: { copies: change(copies), unsearched: [] },
    inputs,
    world: { ...world, live, ...(etcd ? { etcd } : {}) },
  })
  return {
    ...made,
    gives: made.gives as Pick<Facts, 'copy' | 'generation' | 'placement' | 'backwards'>,
    dir,
    controlPlane,
  }
}

describe('choose-generation', () => {
  test('every member has its own directory: it says where each goes, and reads only', async () => {
    const { gives, notes, dir, controlPlane } = await choose()
    const { copy, generation, placement } = gives
    expect(generation).toMatchObject({ token: OLD, clusterId: 'cc', size: 3, missing: [] })
    expect(copy.node).toBe('c')
    expect(placement).toMatchObject({ token: OLD, clusterId: 'cc', etcdVersion: '3.5.30', members: nodesOf() })
    expect(placement.seats).toContainEqual({
      ...{ node: 'b', base: join(dir, 'b/mnt/v'), name: 'etcd-b' },
      source: join(dir, `b/mnt/v/data-trashcan/${OLD}`),
    })
    expect(notes[0]).toBe(`returning to ${OLD}: 3 of 3 members have their directory`)
    expect(controlPlane.flatMap(({ calls }) => calls).every(({ effect }) => effect === 'read')).toBe(true)
  })

  test('the etcd of its version must be on this machine before anything is copied aside', async () => {
    const find: LocalEtcd['find'] = async (minor) => {
      throw new RescueError('ETCD_MISSING', `no etcd ${minor} was found on this machine`, {
        hint: '--etcd-bin-dir DIR',
      })
    }
    const refused = choose({ etcd: { ...memoryWorld().etcd, find } })
    await expect(refused).rejects.toMatchObject({ code: 'ETCD_MISSING', message: /no etcd 3\.5/ })
  })

  test('one that lost its directory gets an empty seat, and is told; two are refused with the next best way', async () => {
    const { gives, notes, dir } = await choose({ lost: ['c'] })
    expect(gives.copy.node).toBe('b')
    expect(gives.placement.seats[2]).toEqual({
      ...{ node: 'c', base: join(dir, 'c/mnt/v'), name: 'etcd-c', lostMemberId: '1c' },
    })
    expect(notes.at(-1)).toMatch(/without a directory.*: c$/)
    await expect(choose({ lost: ['b', 'c'] })).rejects.toMatchObject({ code: 'PRECONDITION', hint: /seed-in-place/ })
  })

  test('how its revision compares with what runs is given to the steps that restart, and told', async () => {
    const { gives, notes } = await choose({ revision: 1763 })
    expect(gives.backwards).toEqual({ isBackwards: true, running: 1763, returned: 900 })
    expect(notes.at(-1)).toMatch(/^careful: revisions would go backwards: .* 1,763, this generation at 900/)
    expect((await choose({ revision: 40 })).gives.backwards).toEqual({ isBackwards: false, running: 40, returned: 900 })
  })

  test('the directory of a member that was away is where it belongs: its seat is it, and nothing is moved', async () => {
    const left = (copy: Copy): Copy => {
      const path = copy.path.replace('data-trashcan', 'data')
      mkdirSync(join(path, 'member'), { recursive: true })
      return { ...copy, path, place: 'data', walIndex: 1150, serving: true }
    }
    const change = (all: Copy[]) =>
      all.flatMap((copy) => (copy.node !== 'c' ? [copy] : copy.serving ? [] : [left(copy)]))
    const { gives, dir } = await choose({ lost: ['a'], change })
    expect(gives.generation).toMatchObject({ missing: ['a'], members: [{ node: 'b' }, { node: 'c' }] })
    expect(gives.copy.node).toBe('c')
    const seat = gives.placement.seats.find(({ node: name }) => name === 'c')
    const base = join(dir, 'c/mnt/v')
    expect(seat).toEqual({ node: 'c', base, name: 'etcd-c', source: `${base}/data/${OLD}` })
    expect(planMoves(seat as Seat, OLD, { data: [OLD], trashcan: [] }, 'run')).toEqual([])
    expect(planMoves(seat as Seat, OLD, { data: ['new', OLD], trashcan: ['new'] }, 'run')).toEqual([
      { from: `${base}/data/new`, to: `${base}/data-trashcan/new.run` },
    ])
  })

  test('a node that is away has no seat, and does not hold up a quorum', async () => {
    await expect(choose({ away: ['b'] })).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      hint: /nothing was changed.*--set down=b/,
    })
    const { gives, notes } = await choose({ away: ['b'], inputs: { down: 'b' } })
    expect(gives.placement.seats.map(({ node }) => node)).toEqual(['a', 'c'])
    expect(notes[0]).toMatch(/^b cannot be reached, and takes no part/)
  })

  test('a node without a volume has no seat, and is asked about; the others are a quorum without it', async () => {
    const question = /c has no volume of etcd main, and its etcd-manager waits for one. Go on without\?/
    await expect(choose({ volumeless: ['c'] })).rejects.toMatchObject({
      ...{ code: 'ANSWER_MISSING', message: question, hint: /--set without=c/ },
    })
    await expect(choose({ volumeless: ['c'], confirm: false })).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', hint: /nothing was changed; attach the disk/ },
    })
    for (const said of [{ confirm: true }, { inputs: { without: 'c' } }]) {
      const { gives, notes } = await choose({ volumeless: ['c'], ...said })
      expect(gives.placement.seats.map(({ node }) => node)).toEqual(['a', 'b'])
      expect(gives.generation).toMatchObject({ size: 3, missing: ['c'] })
      expect(notes.join('\n')).toMatch(/^c has no volume .* take it in .* --set node=c$/m)
      expect(notes.join('\n')).toMatch(/2 of 3 members have their directory/)
      expect(notes.join('\n')).not.toMatch(/to be filled by their peers/)
    }
  })

  test('where the volume may be and was not seen, no answer makes it none; two without one are no quorum', async () => {
    await expect(choose({ hidden: ['c'], confirm: true })).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /^c: .*loop could not be looked at/ },
    })
    await expect(choose({ volumeless: ['b', 'c'], confirm: true })).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /1 of 3 members has a usable directory/ },
    })
  })

  test('a directory that is left out is left where it is; a name that is no node is refused', async () => {
    const { gives } = await choose({ inputs: { without: ' a, ' } })
    expect(gives.generation.members.map(({ node }) => node)).toEqual(['b', 'c'])
    expect(gives.placement.seats.at(-1)).toMatchObject({ node: 'a', lostMemberId: '1a' })
    await expect(choose({ inputs: { without: 'a,d' } })).rejects.toMatchObject({
      code: 'USAGE',
      message: /"d" is no control-plane node/,
      hint: /a, b, c/,
    })
  })

  test('changed addresses of most members are found out here, before anything is stopped', async () => {
    await expect(choose({ host: (name) => `new-${name}` })).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /peer addresses changed/,
    })
    const { notes } = await choose({ host: (name) => (name === 'a' ? 'new-a' : name) })
    expect(notes[0]).toMatch(/peer addresses changed since.*: etcd-a$/)
  })

  test.each([
    ['does not read the data', { specVersion: '3.4.13', etcds: ['etcd-v3.4.13'] }, /a newer etcd/],
    ['is not on a node', { specVersion: '3.5.31' }, /does not carry etcd 3\.5\.31/],
  ])('an etcd that %s is refused before anything is stopped', async (_, scene, message) => {
    await expect(choose(scene)).rejects.toMatchObject({ code: 'VERSION_MISMATCH', message })
  })
})
