import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { MemoryHost } from '../../src/adapters/memory/host.ts'
import { copyToNode, memberDir, putPods } from './support/member-dir.ts'
import { node, targetOf } from './support/nodes.ts'
import { runStep } from './support/step.ts'

const ids = { a: 'zzz', b: 'AAA', c: 'mmm' }
let dir: string
let controlPlane: MemoryHost[]
let log: string[]
let awayNode: string
let down: string[]
const baseOf = (name: string) => join(dir, name, 'mnt/master-vol-main')

/** Three nodes whose volumes hold the same real data; which volume is the main one is told by it. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  await memberDir(join(dir, 'etcd'), (member) => putPods(member, 0, 5))
  for (const name of Object.keys(ids)) await copyToNode(join(dir, 'etcd'), join(baseOf(name), 'data/token'))
  mkdirSync(join(dir, 'a/mnt/master-vol-events/data'), { recursive: true })
  writeFileSync(join(dir, 'a/mnt/master-vol-events/myid'), '000')
})
afterAll(() => rm(dir, { recursive: true, force: true }))
beforeEach(() => {
  log = []
  awayNode = ''
  down = []
  for (const [name, id] of Object.entries(ids)) writeFileSync(join(baseOf(name), 'myid'), id)
  controlPlane = Object.keys(ids).map((name) =>
    node(name, {
      root: join(dir, name),
      log,
      isAway: () => name === awayNode,
      kubelet: () => (down.includes(name) ? 'inactive' : 'active'),
    }),
  )
})

const run = (inputs: unknown = {}, remembered = new Map<string, unknown>()) =>
  runStep('restart-etcd-manager', { inputs, remembered, world: { controlPlane, target: targetOf(controlPlane) } })

describe('restart-etcd-manager', () => {
  test('only the leader: the lowest peer id on the volume of this etcd cluster', async () => {
    const { gives, notes } = await run()
    expect(log).toEqual(['b:etcd-manager'])
    expect(gives).toEqual({ restarted: { nodes: ['b'] } })
    expect(notes[0]).toBe('leader by lowest peer id: b')
  })

  test('all: the leader first, the others one after the other', async () => {
    await run({ nodes: 'all' })
    expect(log).toEqual(['b:etcd-manager', 'c:etcd-manager', 'a:etcd-manager'])
  })

  test('a resumed run does not restart the leader again: it would begin the restore anew', async () => {
    const remembered = new Map<string, unknown>()
    await run({}, remembered)
    await run({}, remembered)
    expect(log).toEqual(['b:etcd-manager'])
  })

  test('a dead node does not lead, and is named', async () => {
    awayNode = 'b'
    const { notes } = await run()
    expect(log).toEqual(['c:etcd-manager'])
    expect(notes[0]).toMatch(/^b cannot be asked for its peer id/)
  })

  test('a node whose id is not known may lead, and is named', async () => {
    rmSync(join(baseOf('b'), 'myid'))
    const { notes } = await run()
    expect(log).toEqual(['c:etcd-manager'])
    expect(notes[0]).toMatch(/^careful: b may lead: its volume has no myid file; then restart/)
  })

  test('a node whose disk is empty leads all the same, where its id is the lowest', async () => {
    rmSync(join(baseOf('b'), 'data/token'), { recursive: true })
    await run()
    await copyToNode(join(dir, 'etcd'), join(baseOf('b'), 'data/token'))
    expect(log).toEqual(['b:etcd-manager'])
  })

  test('a leader that does not come back is named: the next one leads, and reads the command', async () => {
    down = ['b']
    const { gives, left } = await run()
    expect(gives).toEqual({ restarted: { nodes: ['b'] } })
    expect(left).toMatchObject([
      { node: 'b', command: 'sudo systemctl start kubelet', what: /etcd-manager did not come back/ },
    ])
  })

  test('no further one is stopped where two are gone', async () => {
    down = ['b', 'c']
    await expect(run({ nodes: 'all' })).rejects.toMatchObject({ code: 'TIMED_OUT', message: / on b, c: / })
    expect(log).toEqual(['b:etcd-manager', 'c:etcd-manager'])
  })

  test('without any myid nothing is restarted', async () => {
    for (const name of Object.keys(ids)) rmSync(join(baseOf(name), 'myid'))
    await expect(run()).rejects.toMatchObject({ code: 'PRECONDITION', hint: /volumes/ })
    expect(log).toEqual([])
  })
})
