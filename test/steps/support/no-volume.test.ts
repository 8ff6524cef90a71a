import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import type { Unlooked } from '../../../src/node/search.ts'
import type { Copy } from '../../../src/steps/facts.ts'
import { hasNoVolume } from '../../../src/steps/support/no-volume.ts'
import { node, targetOf } from './nodes.ts'
import { copyOf } from './step.ts'
import { tempDir } from './temp.ts'

let root: string
beforeEach(async () => {
  root = await tempDir()
  for (const dir of ['mnt', 'var/log']) mkdirSync(join(root, dir), { recursive: true })
})

/** What runs on this machine says nothing of the node: one etcd there, by its client port, or none. */
function ask({ copies = [] as Copy[], unsearched = [] as Unlooked[], port = 0, volumes = ['/mnt/*'] } = {}) {
  const runs = port === 0 ? '' : `7\0yes\0\0/x\0https://0.0.0.0:${port}\0`
  const script = (argv: readonly string[]) =>
    argv[2]?.includes('FLOCK WRITE') ? { stdout: `${runs}end\0` } : undefined
  const host = node('a', { root, script })
  const target = { ...targetOf([host]), log: '/var/log/etcd.log' }
  const [own] = target.nodes.controlPlane
  const nodes = { controlPlane: own === undefined ? [] : [{ ...own, volumes }], workers: [] }
  return hasNoVolume({ target: { ...target, nodes } }, host, { found: copies, unsearched })
}

const volume = (name: string) => mkdirSync(join(root, 'mnt', name, 'data'), { recursive: true })
const copy = (name: string, etcdCluster: string) => copyOf({ path: `${join(root, 'mnt', name)}/data/t`, etcdCluster })
const log = (base: string) =>
  writeFileSync(join(root, 'var/log/etcd.log'), `I1130 main.go:300] Setting data dir to /rootfs${base}\n`)

test('a node without any volume has none, also where the log tells of one that is gone', async () => {
  expect(await ask()).toBe(true)
  log('/mnt/dead')
  expect(await ask()).toBe(true)
  // where it was mounted, an empty directory stays
  mkdirSync(join(root, 'mnt/dead'))
  expect(await ask()).toBe(true)
})

test('the volume of another etcd cluster is none of this one; one of which that is not known may be', async () => {
  volume('events')
  expect(await ask()).toBe(false)
  expect(await ask({ copies: [copy('events', 'events')] })).toBe(true)
  expect(await ask({ copies: [copy('events', 'unknown')] })).toBe(false)
  expect(await ask({ copies: [copy('events', 'main')] })).toBe(false)
})

test('what was not searched may be one', async () => {
  expect(await ask({ unsearched: [{ path: '/mnt/x', why: 'it hangs' }] })).toBe(false)
  expect(await ask({ volumes: ['/mnt/named'] })).toBe(false)
  symlinkSync('loop', join(root, 'mnt/loop'))
  expect(await ask()).toBe(false)
})

test('nor is it so where the config names other places than the one that is used, or an etcd of it runs', async () => {
  mkdirSync(join(root, 'data/vol/data'), { recursive: true })
  log('/data/vol')
  expect(await ask()).toBe(false)
  log('/mnt/dead')
  expect(await ask({ port: 4001 })).toBe(false)
  expect(await ask({ port: 4002 })).toBe(true)
})
