import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { EtcdClient, EtcdMember, LiveEtcd } from '../../src/ports/etcd.ts'
import type { Seat } from '../../src/steps/facts.ts'
import { placementOf, threeNodes } from './support/in-place.ts'
import { kvClient } from './support/kv-client.ts'
import { runStep } from './support/step.ts'

const member = (letter: string, id = `1${letter}`): EtcdMember => ({
  ...{ id, name: `etcd-${letter}`, clientUrls: [], peerUrls: [`https://etcd-${letter}:2380`] },
})

interface Options {
  /** What lies on the disk of c besides an empty data directory. */
  trashed?: boolean
  manager?: string
  members?: EtcdMember[]
  /** How etcd-manager behaves: whether c joins, given the members that are left and how often was looked. */
  joins?: (members: readonly EtcdMember[], looks: number) => boolean
  confirm?: boolean
  seat?: Partial<Seat>
  lost?: string[]
}

/** A cluster of three that lost the data of c. */
async function scene(options: Options = {}) {
  const { trashed = false, manager = 'v3.0.20260707', joins = () => false, confirm, lost = ['c'] } = options
  const made = await threeNodes({ manager })
  rmSync(join(made.baseOf('c'), 'data-trashcan'), { recursive: true })
  mkdirSync(join(made.baseOf('c'), trashed ? 'data-trashcan/empty-cluster' : 'data'), { recursive: true })
  const members = options.members ?? ['a', 'b', 'c'].map((letter) => member(letter))
  const removed: string[] = []
  let looks = 0
  const client: EtcdClient = {
    ...kvClient({}),
    members: async () => [...members],
    removeMember: async (id) => {
      removed.push(id)
      members.splice(
        members.findIndex((one) => one.id === id),
        1,
      )
    },
  }
  const join_ = () => {
    looks += 1
    if (!members.some(({ id }) => id === 'new') && joins(members, looks)) {
      const at = members.findIndex(({ name }) => name === 'etcd-c')
      if (at >= 0) members.splice(at, 1)
      members.push(member('c', 'new'))
    }
    return members.some(({ id }) => id === 'new')
  }
  const live: LiveEtcd = {
    connect: async ({ node } = {}) => {
      if (node !== 'c' || join_()) return client
      throw new RescueError('ETCD_UNREACHABLE', 'c does not answer', { hint: 'look at the node' })
    },
  }
  const seats = made.seats.map((seat): Seat => {
    const { node, base, name } = seat
    return lost.includes(node) ? { node, base, name, lostMemberId: `1${node}`, ...options.seat } : seat
  })
  const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
  const { controlPlane, target } = made
  const facts = { placement: placementOf(seats), verified: {} }
  const run = (remembered = new Map<string, unknown>()) =>
    runStep('replace-members', { facts, world: { controlPlane, target, live, prompter }, remembered })
  return { run, removed, prompter, members }
}

const doubt = (release: string) =>
  `whether this etcd-manager (release ${release}) replaces a member by itself is not known`

describe('replace-members', () => {
  test('with every directory there it asks nobody anything', async () => {
    const { run, prompter } = await scene({ lost: [] })
    expect((await run()).notes).toEqual(['every member has its own data: there is nobody to replace'])
    expect(prompter.questions).toEqual([])
  })

  test('an empty disk is left to etcd-manager, which replaces the member by itself', async () => {
    const { run, removed, prompter } = await scene({ joins: (_, looks) => looks > 3 })
    const { notes } = await run()
    expect(notes).toEqual([
      'c has an empty disk: its etcd-manager replaces the member by itself',
      'c has joined again as etcd-c',
    ])
    expect([removed, prompter.questions]).toEqual([[], []])
  })

  test.each([
    ['that is older', { manager: 'v3.0.20250704' }, []],
    ['whose disk is not empty', { trashed: true }, []],
    ['whose version is not known', { manager: 'latest' }, [doubt('latest')]],
    ['of a later release, which was not read', { manager: 'v3.0.20270101' }, [doubt('v3.0.20270101')]],
  ])('with an etcd-manager %s, the old member is removed when that is agreed to', async (_, over, doubts) => {
    const made = await scene({ ...over, confirm: true, joins: (members) => members.every(({ id }) => id !== '1c') })
    const { notes } = await made.run()
    expect(made.removed).toEqual(['1c'])
    expect(made.prompter.questions[0]).toMatch(
      /^etcd-c \(1c\) has no data that the cluster can use.* Remove it, so that it joins again\?$/,
    )
    expect(notes).toEqual([
      ...doubts,
      'member 1c (etcd-c) is removed from the list; what lies on c stays there',
      'c has joined again as etcd-c',
    ])
  })

  test('not agreed to, it is told what to type; with nobody to ask, which flag', async () => {
    const refused = await scene({ trashed: true, confirm: false })
    expect((await refused.run()).notes).toEqual([
      expect.stringMatching(/taken in later with: etcd-rescue run rejoin-member --set node=c$/),
    ])
    expect(refused.removed).toEqual([])
    const unasked = await scene({ trashed: true })
    await expect(unasked.run()).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--yes/ })
    expect(unasked.removed).toEqual([])
  })

  test('resumed after the removal, it only waits', async () => {
    const made = await scene({
      ...{ trashed: true, members: [member('a'), member('b')] },
      joins: (_, looks) => looks > 2,
    })
    const { notes } = await made.run()
    expect([made.removed, made.prompter.questions]).toEqual([[], []])
    expect(notes).toEqual(['c has joined again as etcd-c'])
  })

  test('of a cluster of two none is removed: the other would have no quorum', async () => {
    const made = await scene({ trashed: true, confirm: true, members: [member('a'), member('c')] })
    await expect(made.run()).rejects.toMatchObject({ code: 'PRECONDITION', message: /only 2 members/ })
    expect(made.removed).toEqual([])
  })

  test('a node of which nothing says which member it was: nothing is removed, nothing waited for', async () => {
    const made = await scene({ trashed: true, confirm: true, seat: { lostMemberId: undefined as never } })
    expect((await made.run()).notes).toEqual([
      expect.stringMatching(
        /^c has no data, and which member it was is not known.*: etcd-rescue run rejoin-member --set node=c$/,
      ),
    ])
    expect(made.removed).toEqual([])
  })

  test('one that does not join in time is named', async () => {
    const made = await scene()
    await expect(made.run()).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: /etcd-c on c has joined again and serves — last seen: it has not joined yet$/,
    })
  })
})
