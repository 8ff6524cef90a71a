import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { EtcdClient, LocalMember } from '../../src/ports/etcd.ts'
import { etcd, oneRelease } from './support/member-dir.ts'
import { node, noEtcd, targetOf } from './support/nodes.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const NODES = ['a', 'b', 'c']
const members = new Map<string, LocalMember>()
let dir: string

// Three etcds that got the same writes stand for the members; nothing is written by a test
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  const release = await oneRelease()
  for (const name of [...NODES, 'odd']) {
    const member = await etcd.start(release, join(dir, name))
    members.set(name, member)
    for (const key of ['/x', '/y', '/z']) await member.client.put(key, name === 'odd' && key === '/y' ? 'else' : key)
  }
  // its last write is lost
  const behind = await etcd.start(release, join(dir, 'behind'))
  members.set('behind', behind)
  for (const key of ['/x', '/y']) await behind.client.put(key, key)
})
afterAll(async () => {
  await Promise.all([...members.values()].map((member) => member.stop()))
  await rm(dir, { recursive: true, force: true })
})

type Instead = (client: EtcdClient) => Partial<EtcdClient>

/** Who answers on each node in place of its own member, or how it answers. */
function worldOf(instead: Record<string, string | Instead | undefined>) {
  const connect = async ({ node: on = 'a' }: { node?: string } = {}) => {
    const other = on in instead ? instead[on] : on
    const member = members.get(typeof other === 'string' ? other : on)
    if (member === undefined || other === undefined)
      throw new RescueError('ETCD_UNREACHABLE', 'silent', { hint: 'see' })
    const changes = typeof other === 'function' ? other(member.client) : {}
    return { ...member.client, ...changes, close: async () => {} }
  }
  return { live: { connect }, controlPlane: NODES.map((name) => node(name)) }
}

const act = async (instead: Parameters<typeof worldOf>[0]) => {
  const { context } = contextOf('verify-members', { world: worldOf(instead) })
  return (await stepOf('verify-members').act(context as never)) as { members: { node: string; is: string }[] }
}

test('all hold the same', async () => {
  const { notes, gives } = await runStep('verify-members', { world: worldOf({}) })
  expect(gives).toEqual({ members: NODES.map((name) => ({ node: name, is: 'same' })) })
  expect(notes).toEqual(['a, b, c hold the same up to revision 4'])
  expect(stepOf('verify-members').next?.(gives, 'main')).toEqual([])
})

test('one that holds something else is NOT_VERIFIED, and its key is named', async () => {
  await expect(runStep('verify-members', { world: worldOf({ c: 'odd' }) })).rejects.toMatchObject({
    code: 'NOT_VERIFIED',
    message: expect.stringMatching(/is c \(1 key differs at revision 4: "\/y" changed\)$/),
    hint: expect.stringMatching(
      /let them fill it anew: etcd-rescue run rejoin-member --set node=c --set own=no; then: etcd-rescue run verify-members$/,
    ),
  })
})

test('one that lost writes is NOT_VERIFIED: after a linearizable read it has all, or it has lost some', async () => {
  await expect(runStep('verify-members', { world: worldOf({ c: 'behind' }) })).rejects.toMatchObject({
    code: 'NOT_VERIFIED',
    message: expect.stringMatching(/is c \(it stands at revision 3 of 4 after a linearizable read\)$/),
  })
})

test('the one that the others are compared with may be the one that lost writes', async () => {
  await expect(runStep('verify-members', { world: worldOf({ a: 'behind' }) })).rejects.toMatchObject({
    code: 'NOT_VERIFIED',
    message: expect.stringMatching(
      /no majority tells which is right: a may be the odd one, .*: b \(the one that it was compared with stands at revision 3 of 4 .*; c \(/,
    ),
    hint: expect.stringMatching(/^empty none of them yet; .*--method seed-in-place --copy NODE:TOKEN/),
  })
})

test('one alone is compared with itself, which proves nothing', async () => {
  await expect(act({ b: undefined, c: undefined })).rejects.toMatchObject({
    code: 'ETCD_UNREACHABLE',
    message: 'no member could be compared with another: only a answered',
    hint: /etcd-rescue scan/,
  })
})

test.each<[string, string | Instead | undefined, RegExp]>([
  ['does not answer', undefined, /^etcd-rescue run verify-members {3}# the member on b was not compared: silent$/],
  [
    'has no part in a quorum',
    () => ({ count: () => Promise.reject(new RescueError('ETCD_FAILED', 'no leader', { hint: 'see' })) }),
    /verify-members {3}# the member on b was not compared: no leader$/,
  ],
  [
    'runs another cluster',
    (client) => ({ status: async () => ({ ...(await client.status()), clusterId: 'dead' }) }),
    /^etcd-rescue run rejoin-member --set node=b {3}# .*it runs another cluster$/,
  ],
])('one that %s is not the same until it was compared', async (_, b, next) => {
  const { members: found } = await act({ b })
  expect(found.map(({ node: name, is }) => [name, is])).toEqual([
    ['a', 'same'],
    ['b', 'unseen'],
    ['c', 'same'],
  ])
  expect(stepOf('verify-members').next?.({ members: found }, 'main')).toEqual([expect.stringMatching(next)])
})

test('one without a volume is taken in once it has one: that is what is left to do', async () => {
  const root = await tempDir()
  mkdirSync(join(root, 'mnt'))
  const b = node('b', { root, script: noEtcd })
  const { live, controlPlane } = worldOf({ b: undefined })
  const nodes = controlPlane.map((one) => (one.name === 'b' ? b : one))
  const world = { live, controlPlane: nodes, target: targetOf(nodes) }
  const { notes, gives } = await runStep('verify-members', { world })
  expect(notes[0]).toBe('careful: the member on b was not compared: it has no volume')
  expect(stepOf('verify-members').next?.(gives, 'main')).toEqual([
    'etcd-rescue run rejoin-member --set node=b   # b has no volume: once it has one',
  ])
})

test('one that was away for a moment is asked again', async () => {
  let asked = 0
  const b: Instead = (client) => ({
    count: (...args) => {
      asked += 1
      return asked === 1
        ? Promise.reject(new RescueError('ETCD_FAILED', 'no leader', { hint: 'see' }))
        : client.count(...args)
    },
  })
  expect((await act({ b })).members[1]).toEqual({ node: 'b', is: 'same' })
})
