import { symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import { changeState } from '../../../src/etcd-manager/state-write.ts'
import { lostSpec } from '../../../src/steps/support/lost-spec.ts'
import { copyToNode, memberDir, putPods } from './member-dir.ts'
import { node, targetOf } from './nodes.ts'
import { tempDir } from './temp.ts'

let home: string
let member: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  member = join(home, 'member')
  await memberDir(member, (etcd) => putPods(etcd, 0, 20))
})

afterAll(() => rm(home, { recursive: true, force: true }))

/** Nodes by the etcd version that their `state` has, or what is odd on their disk. */
async function told(nodes: Record<string, string | 'away' | 'loop' | 'nothing'>) {
  const dir = await tempDir()
  const all = await Promise.all(
    Object.entries(nodes).map(async ([name, is]) => {
      const root = join(dir, name)
      const host = node(name, { root, containers: [], isAway: () => is === 'away' })
      if (is === 'away' || is === 'nothing') return host
      await copyToNode(member, join(root, 'mnt/v/data/token'))
      if (is === 'loop') symlinkSync('state', join(root, 'mnt/v/state'))
      else
        writeFileSync(
          join(root, 'mnt/v/state'),
          changeState(Buffer.alloc(0), { token: 'token', etcdVersion: is, nodes: [] }),
        )
      return host
    }),
  )
  return lostSpec(memoryWorld({ controlPlane: all, target: targetOf(all) }))
}

test('what a node says it runs, also where another does not answer', async () => {
  const seen = { is: 'seen', value: { memberCount: 2, etcdVersion: '3.5.30', from: expect.stringContaining('on a') } }
  expect(await told({ a: '3.5.30', b: 'away' })).toEqual(seen)
  expect(await told({ a: '3.5.30', b: '3.5.30' })).toEqual(seen)
})

test('that no node has one is another answer than that a node gave none', async () => {
  expect(await told({ a: 'nothing', b: 'nothing' })).toEqual({ is: 'absent' })
  expect(await told({ a: 'nothing', b: 'away' })).toEqual({
    is: 'unseen',
    why: expect.stringMatching(/b cannot be reached/),
  })
  expect(await told({ a: 'loop' })).toEqual({ is: 'unseen', why: expect.stringMatching(/symbolic links/) })
})

test('two nodes that say different things tell nothing', async () => {
  const why = 'the nodes run different etcds: a 3.5.30, b 3.4.13'
  expect(await told({ a: '3.5.30', b: '3.4.13' })).toEqual({ is: 'unseen', why })
})
