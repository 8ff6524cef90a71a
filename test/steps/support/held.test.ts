import { cp, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copiesOn, heldOn } from '../../../src/steps/support/copies.ts'
import { copyToNode, memberDir, putPods } from './member-dir.ts'
import { node } from './nodes.ts'
import { tempDir } from './temp.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  await memberDir(join(home, 'etcd'), (member) => putPods(member, 0, 20))
})
afterAll(() => rm(home, { recursive: true, force: true }))

/** A node with one volume, and what it was asked: reads of pages alone, and which directory an etcd runs on. */
async function nodeWithVolume() {
  const root = await tempDir()
  const base = join(root, 'mnt/v')
  await copyToNode(join(home, 'etcd'), join(base, 'data/first'))
  const asked = { pages: 0 }
  const host = node('a', {
    root,
    script: (argv) => {
      if (argv[2]?.includes('FLOCK WRITE')) return { stdout: 'end\0' }
      if (argv[2]?.startsWith('part()')) asked.pages += 1
      return undefined
    },
  })
  return { host, base, asked }
}

const held = (path: string) => ({ path, etcdCluster: 'main', serving: false })

test('whose a directory is, is read once by a run, and that it is there each time', async () => {
  const { host, base, asked } = await nodeWithVolume()
  await copiesOn(host, ['/mnt/*'], 'a.example.com')
  const before = asked.pages
  expect(before).toBeGreaterThan(0)
  expect(await heldOn(host, ['/mnt/*'])).toEqual({ found: [held(`${base}/data/first`)], unsearched: [] })
  expect(asked.pages).toBe(before)
  await rm(join(base, 'data/first'), { recursive: true })
  expect(await heldOn(host, ['/mnt/*'])).toEqual({ found: [], unsearched: [] })
})

test('one that is new, or another one under the same path, is read', async () => {
  const { host, base, asked } = await nodeWithVolume()
  await heldOn(host, ['/mnt/*'])
  let before = asked.pages
  await copyToNode(join(home, 'etcd'), join(base, 'data/second'))
  expect((await heldOn(host, ['/mnt/*'])).found).toEqual([held(`${base}/data/first`), held(`${base}/data/second`)])
  expect(asked.pages).toBeGreaterThan(before)
  before = asked.pages
  // beside it first: an inode that is free would be used again
  await cp(join(base, 'data/first'), join(base, 'other'), { recursive: true })
  await rename(join(base, 'data/first'), join(base, 'old'))
  await rename(join(base, 'other'), join(base, 'data/first'))
  await heldOn(host, ['/mnt/*'])
  expect(asked.pages).toBeGreaterThan(before)
})

test('who wants the copies themselves has them read anew', async () => {
  const { host, asked } = await nodeWithVolume()
  await heldOn(host, ['/mnt/*'])
  const before = asked.pages
  const { found } = await copiesOn(host, ['/mnt/*'], 'a.example.com')
  expect(found).toEqual([expect.objectContaining({ token: 'first', revision: 21 })])
  expect(asked.pages).toBeGreaterThan(before)
})
