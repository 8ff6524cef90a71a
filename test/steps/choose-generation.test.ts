import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { CREATED_KEY, encodeCreated, encodeSpec, SPEC_KEY } from '../../src/etcd-manager/control.ts'
import { changeState } from '../../src/etcd-manager/state-write.ts'
import type { Copy, Facts } from '../../src/steps/facts.ts'
import { node, targetOf } from './support/nodes.ts'
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
  specVersion?: string
  etcds?: string[]
  inputs?: unknown
  /** Hosts' names now, by the letter of the node. */
  host?: (name: string) => string
}

/** Three nodes that run an empty cluster, with the lost one's directories in their trashcans. */
async function choose({ lost = [], away = [], specVersion = '3.5.30', etcds, inputs, host }: Scene = {}) {
  const dir = await tempDir()
  const controlPlane = NAMES.map((name) => {
    const base = join(dir, name, 'mnt/v')
    mkdirSync(base, { recursive: true })
    const state = changeState(Buffer.alloc(0), { token: 'new', etcdVersion: '3.5.30', nodes: nodesOf(host) })
    writeFileSync(join(base, 'state'), state)
    return node(name, { root: join(dir, name), isAway: () => away.includes(name), ...(etcds ? { etcds } : {}) })
  })
  const copies = NAMES.flatMap((name, at): Copy[] => {
    if (away.includes(name)) return []
    const base = join(dir, name, 'mnt/v')
    const one = { node: name, member: `etcd-${name}`, memberId: `1${name}`, memberList: listed }
    const members = listed.map(({ id }) => id)
    const own = { ...one, members, peerUrls: [`https://${name}:2380`], walTerm: 2, walIndex: 900 + at }
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
  const world = { controlPlane, store, target: targetOf(controlPlane) }
  const made = await runStep('choose-generation', { facts: { copies }, inputs, world })
  return { ...made, gives: made.gives as Pick<Facts, 'copy' | 'generation' | 'placement'>, dir, controlPlane }
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

  test('one that lost its directory gets an empty seat, and is told; two are refused with the next best way', async () => {
    const { gives, notes, dir } = await choose({ lost: ['c'] })
    expect(gives.copy.node).toBe('b')
    expect(gives.placement.seats[2]).toEqual({
      ...{ node: 'c', base: join(dir, 'c/mnt/v'), name: 'etcd-c', lostMemberId: '1c' },
    })
    expect(notes.at(-1)).toMatch(/without a directory.*: c$/)
    await expect(choose({ lost: ['b', 'c'] })).rejects.toMatchObject({ code: 'PRECONDITION', hint: /seed-in-place/ })
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
