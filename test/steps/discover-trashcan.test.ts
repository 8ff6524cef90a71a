import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MemoryHost } from '../../src/adapters/memory/host.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { RemoteHost } from '../../src/ports/remote-host.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { copyToNode, etcd, memberDir, oneRelease, putPods } from './support/member-dir.ts'
import { node, targetOf } from './support/nodes.ts'
import { runStep } from './support/step.ts'

let dir: string
const place = (host: string, below: string) => join(dir, host, 'mnt', below)

/** Tokens of base64url: one in 64 begins with a dash (FACTS 2). */
const OLD = '-AbCdEfGhIjKlMnOpQrStU'
const EMPTY = 'ZyXwVuTsRqPoNmLkJiHgFe'

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  await memberDir(join(dir, 'full'), (member) => putPods(member, 0, 60))
  await memberDir(join(dir, 'seeded'), (member) => putPods(member, 0, 2))
  await memberDir(join(dir, 'events'), async ({ client }) => {
    for (let at = 0; at < 20; at++) await client.put(`/registry/events/default/e${at}`, 'event')
  })
  await copyToNode(join(dir, 'full'), place('a', `vol-main/data-trashcan/${OLD}`))
  await copyToNode(join(dir, 'seeded'), place('a', `vol-main/data/${EMPTY}`))
  writeFileSync(place('a', 'vol-main/state'), stateOf(EMPTY))
  await copyToNode(join(dir, 'events'), place('a', 'misnamed-main/data/events-token'))
  await copyToNode(join(dir, 'full'), place('b', `vol-main/data/${OLD}`))
  mkdirSync(place('b', 'vol-main/data-trashcan/torn/member/snap'), { recursive: true })
  writeFileSync(place('b', 'vol-main/data-trashcan/torn/member/snap/db'), Buffer.alloc(40_000, 'torn'))
  mkdirSync(place('empty', 'vol-main/data'), { recursive: true })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Field 2 { field 5 token } (FACTS 5). */
function stateOf(token: string): Buffer {
  const field = Buffer.concat([Buffer.from([0x2a, token.length]), Buffer.from(token)])
  return Buffer.concat([Buffer.from([0x12, field.length]), field])
}

const at = (name: string) => node(name, { root: join(dir, name) })
const discover = (nodes: MemoryHost[], hosts: RemoteHost[] = nodes, inputs = {}) =>
  runStep('discover-trashcan', { inputs, world: { controlPlane: hosts, target: targetOf(nodes) } })

/** An etcd that really runs on this directory meanwhile. */
async function whileRuns<T>(path: string, work: () => Promise<T>): Promise<T> {
  const member = await etcd.start(await oneRelease(), path)
  try {
    return await work()
  } finally {
    await member.stop()
  }
}

describe('discover-trashcan', () => {
  test('every copy on every node and volume, told by what is inside, the fullest first, what runs now last', async () => {
    const nodes = [at('a'), at('b')]
    const running = place('a', `vol-main/data/${EMPTY}`)
    const { gives, notes, tables } = await whileRuns(running, () => discover(nodes))
    const { copies } = gives as Pick<Facts, 'copies'>
    const seen = copies.map(({ id, place, serving, revision }) => [id, place, serving, revision])
    expect(seen.slice(0, 2).sort()).toEqual([
      [`a:${OLD}`, 'trashcan', false, 61],
      [`b:${OLD}`, 'data', false, 61],
    ])
    expect(seen.slice(2)).toEqual([
      [`a:${EMPTY}`, 'data', true, 3],
      ['b:torn', 'trashcan', false, undefined],
    ])
    expect(copies[3]?.findings[0]).toMatch(/^unusable/)
    expect(notes).toEqual(['1 copy belongs to other etcd clusters (events): left alone'])
    expect(tables[0]).toHaveLength(1 + copies.length)
    expect(nodes.flatMap(({ calls }) => calls).every(({ effect }) => effect === 'read')).toBe(true)
  })

  test('where nothing runs, what a state names is a claim, and a copy like any other', async () => {
    const { gives } = await discover([at('a')])
    const { copies } = gives as Pick<Facts, 'copies'>
    expect(copies.map(({ id, serving, named }) => [id, serving, named]).sort()).toEqual([
      [`a:${OLD}`, false, false],
      [`a:${EMPTY}`, false, true],
    ])
  })

  test('where what runs cannot be told, that is said, and nobody goes on unwatched', async () => {
    const blind = node('a', {
      root: join(dir, 'a'),
      script: ([program, , script = '']) =>
        program === 'sh' && script.includes('/proc/locks')
          ? { code: 44, stderr: 'the processes cannot be seen' }
          : undefined,
    })
    await expect(discover([blind])).rejects.toMatchObject({ code: 'ANSWER_MISSING', message: /what runs there/ })
    const { gives } = await discover([blind], undefined, { unsearched: 'a' })
    expect(
      (gives as Pick<Facts, 'copies'>).copies.every(({ serving, servingUnseen }) => !serving && servingUnseen),
    ).toBe(true)
  })

  test('a database that the node did not give is not one that is damaged: nobody goes on unwatched', async () => {
    const failing = node('b', {
      root: join(dir, 'b'),
      script: (argv) =>
        argv[2]?.includes('dd if=') && argv.some((word) => word.includes(OLD)) ? { code: 1, stderr: 'EIO' } : undefined,
    })
    await expect(discover([at('a'), failing])).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      message: expect.stringMatching(new RegExp(`data/${OLD} on b \\(.*exit code 1`)),
    })
    const { gives } = await discover([at('a'), failing], undefined, { unsearched: 'b' })
    const { copies, unsearched = [] } = gives as Pick<Facts, 'copies' | 'unsearched'>
    expect(copies.find(({ id }) => id === `b:${OLD}`)?.findings[0]).toMatch(/^unusable/)
    expect(unsearched.map(({ node: name, path }) => [name, path])).toEqual([['b', place('b', `vol-main/data/${OLD}`)]])
  })

  test('a dead node does not hold up the others', async () => {
    const dead = node('c', { isAway: () => true })
    const hosts = [at('b'), dead]
    const { gives, notes } = await discover(hosts, hosts, { unsearched: 'c' })
    expect((gives as Pick<Facts, 'copies'>).copies).toHaveLength(2)
    expect(gives).toMatchObject({ unsearched: [{ node: 'c', why: 'node c cannot be reached' }] })
    expect(notes).toEqual(['c could not be searched: node c cannot be reached'])
    await expect(discover([dead])).rejects.toMatchObject({ code: 'HOST_UNREACHABLE' })
  })

  test('one that was not searched stops a run that nobody watches, until somebody says to do without it', async () => {
    const hosts = [at('b'), node('c', { isAway: () => true })]
    await expect(discover(hosts)).rejects.toMatchObject({
      code: 'ANSWER_MISSING',
      exitCode: 20,
      message: expect.stringMatching(/not searched.*newer data.*: c \(/),
      hint: expect.stringContaining('--set unsearched=c'),
    })
    await expect(discover(hosts, hosts, { unsearched: 'b' })).rejects.toMatchObject({ code: 'ANSWER_MISSING' })
    expect((await discover(hosts, hosts, { down: 'c' })).gives).toMatchObject({ unsearched: [{ node: 'c' }] })
  })

  test('without a copy on any node there may be a backup all the same', async () => {
    const { gives } = await discover([at('empty')], undefined, { copies: 'optional' })
    expect(gives).toEqual({ copies: [], unsearched: [] })
  })

  test.each(['HOST_KEY_CHANGED', 'HOST_AUTH', 'HOST_SUDO'] as const)(
    'a node that answers with %s is not passed over: it may hold the last writes',
    async (code) => {
      const nodes = [at('b'), at('a')]
      const refused = async () => {
        throw new RescueError(code, 'no', { hint: 'let me in' })
      }
      const hosts = [at('b'), { ...at('a'), run: refused }]
      await expect(discover(nodes, hosts)).rejects.toMatchObject({ code })
    },
  )

  test('nothing found says where it is looked', async () => {
    await expect(discover([at('empty')])).rejects.toMatchObject({ code: 'COPY_NOT_FOUND', hint: /volumes/ })
  })
})
