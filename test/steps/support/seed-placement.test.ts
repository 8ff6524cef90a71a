import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { changeState } from '../../../src/etcd-manager/state-write.ts'
import type { Copy, Facts } from '../../../src/steps/facts.ts'
import { seedPlacement } from '../../../src/steps/support/seed-placement.ts'
import { NAMES, threeNodes } from './in-place.ts'
import { contextOf, copyOf } from './step.ts'

type Made = Awaited<ReturnType<typeof threeNodes>>

const listed = NAMES.map((name) => ({ id: `1${name}`, name: `etcd-${name}`, peerUrls: [`https://${name}:2380`] }))

/** What runs on a node: an empty cluster. */
const servingOn = (made: Made, node: string, over: Partial<Copy> = {}): Copy =>
  copyOf({
    ...{ id: `${node}:new`, node, token: 'new', path: `${made.baseOf(node)}/data/new`, place: 'data' },
    ...{ serving: true, member: `etcd-${node}`, memberList: listed, revision: 4, ...over },
  })

interface Options {
  copies?: Copy[]
  control?: Partial<Facts['control']>
  minor?: string
}

function place(made: Made, { copies, control, minor = '3.5' }: Options = {}) {
  const all = copies ?? NAMES.map((name) => servingOn(made, name))
  const facts = {
    copies: all,
    copy: copyOf({ memberList: listed }),
    control: { memberCount: 3, etcdVersion: '3.5.30', ...control },
    seed: { minor, revision: 900, bumpedBy: 0 },
  }
  const { controlPlane, store, target } = made
  const { context, notes } = contextOf('seed-members', { facts, world: { controlPlane, store, target } })
  return { notes, placement: seedPlacement(context as never, 'token') }
}

describe('the placement of a seed', () => {
  test('every node gets a seat in a directory of our own, with the name that its member has now', async () => {
    const made = await threeNodes()
    const placement = await place(made).placement
    expect(placement).toMatchObject({ token: 'token', etcdVersion: '3.5.30' })
    expect(placement.clusterId).toBeUndefined()
    expect(placement.seats).toEqual(
      NAMES.map((name) => ({
        ...{ node: name, base: made.baseOf(name), name: `etcd-${name}` },
        source: `${made.baseOf(name)}/etcd-rescue/seed/token`,
      })),
    )
  })

  test('addresses are those of now, not of the copy', async () => {
    const made = await threeNodes()
    const moved = listed.map(({ name }) => ({
      ...{ name, peerUrls: [`https://new-${name}:2380`], clientUrls: [], quarantinedClientUrls: [], tlsEnabled: true },
    }))
    const state = changeState(Buffer.alloc(0), { token: 'new', etcdVersion: '3.5.30', nodes: moved })
    writeFileSync(join(made.baseOf('b'), 'state'), state)
    const { members } = await place(made).placement
    expect(members.map(({ peerUrls }) => peerUrls[0])).toEqual(NAMES.map((name) => `https://new-etcd-${name}:2380`))
  })

  test('a node that is away would be left with another cluster: refused', async () => {
    const made = await threeNodes()
    made.away.add('b')
    const { placement, notes } = place(made)
    await expect(placement).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: '2 control-plane nodes answer, and the cluster spec wants 3 members',
    })
    expect(notes[0]).toMatch(/^b cannot be reached/)
  })

  test('a node whose volume says nothing about its member is refused, and named', async () => {
    const made = await threeNodes()
    writeFileSync(join(made.baseOf('c'), 'myid'), 'c')
    const copies = ['a', 'b'].map((name) => servingOn(made, name))
    await expect(place(made, { copies }).placement).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /^c: nothing .* says which member it is/,
      hint: /rebuild-from-trashcan/,
    })
  })

  test('two nodes with the same member, or one without an address, are refused before anything is sent', async () => {
    const made = await threeNodes()
    const twins = NAMES.map((name) => servingOn(made, name, name === 'c' ? { member: 'etcd-a' } : {}))
    await expect(place(made, { copies: twins }).placement).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: expect.stringMatching(/^a \(.*\) and c \(.*\) hold the same member etcd-a/),
    })
    const odd = NAMES.map((name) => servingOn(made, name, name === 'c' ? { member: 'etcd-z' } : {}))
    await expect(place(made, { copies: odd }).placement).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: /at which address the others reach the member "etcd-z"/,
    })
  })

  test('an etcd that does not read the seed is refused before anything is sent', async () => {
    const made = await threeNodes()
    await expect(place(made, { minor: '3.6' }).placement).rejects.toMatchObject({ code: 'VERSION_MISMATCH' })
    await expect(place(made, { control: { etcdVersion: '3.5.99' } }).placement).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      message: /does not carry etcd 3\.5\.99/,
    })
  })
})
