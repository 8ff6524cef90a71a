import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { memoryWorld } from '../../../src/adapters/memory/world.ts'
import type { Copy } from '../../../src/steps/facts.ts'
import { parseSeats, seatOn } from '../../../src/steps/support/seat.ts'
import { node, targetOf } from './nodes.ts'
import { copyOf } from './step.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rescue-seat-'))
  for (const dir of ['mnt/now/data', 'mnt/snap/data', 'mnt/new/data', 'var/log'])
    mkdirSync(join(root, dir), { recursive: true })
  for (const base of ['now', 'snap']) mkdirSync(join(root, 'mnt', base, 'data/t/member'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const base = (name: string) => join(root, 'mnt', name)
const on = (name: string, over: Partial<Copy> = {}) =>
  copyOf({ path: `${base(name)}/data/t`, place: 'data', named: true, ...over })
function seat(copies: Copy[], said?: string) {
  const host = node('a', { root, containers: [] })
  const world = memoryWorld({ controlPlane: [host], target: { ...targetOf([host]), log: '/var/log/etcd.log' } })
  return seatOn(world, host, copies, said)
}

test('the volume of the etcd that runs, and never that of a state beside it', async () => {
  expect(await seat([on('snap'), on('now', { serving: true })])).toBe(base('now'))
  expect(await seat([on('now', { serving: true, etcdCluster: 'events' }), on('snap')])).toBe(base('snap'))
})

test('where none runs, the one that etcd-manager last started one on, by its log', async () => {
  const line = (name: string) => `I1130 etcdserver.go:634] starting etcd with datadir /rootfs${name}/data/t\n`
  writeFileSync(join(root, 'var/log/etcd.log'), `${line('/mnt/snap')}${line(base('now'))}I1130 other\n`)
  expect(await seat([on('snap'), on('now')])).toBe(base('now'))
})

test('a log that names a volume which is not there: what is there is beside it, and is not taken', async () => {
  writeFileSync(join(root, 'var/log/etcd.log'), 'I1130 main.go:300] Setting data dir to /rootfs/mnt/unmounted\n')
  await expect(seat([on('snap')])).rejects.toMatchObject({
    code: 'PRECONDITION',
    message: expect.stringMatching(/last used .*mnt\/unmounted/),
    hint: expect.stringContaining('--set seats=a='),
  })
})

test('the only volume that was seen is not taken while another could not be looked at', async () => {
  symlinkSync('loop', join(root, 'mnt/loop'))
  await expect(seat([on('snap')])).rejects.toMatchObject({
    code: 'PRECONDITION',
    message: expect.stringMatching(/mnt\/loop.* could not be looked at.*may be the volume/),
    hint: expect.stringContaining(`--set seats=a=${base('snap')}`),
  })
  expect(await seat([on('snap', { serving: true })])).toBe(base('snap'))
})

test('where nothing tells, two volumes are never guessed between: both are named, and what to type', async () => {
  await expect(seat([on('snap'), on('now')])).rejects.toMatchObject({
    code: 'PRECONDITION',
    message: expect.stringMatching(/mnt\/snap and .*mnt\/now both hold data of etcd main/),
    hint: expect.stringContaining('--set seats=a='),
  })
  expect(await seat([on('snap'), on('now')], '/mnt/now/')).toBe(base('now'))
  const both = [on('snap', { serving: true }), on('now', { serving: true })]
  await expect(seat(both)).rejects.toMatchObject({ code: 'PRECONDITION' })
})

test('what to type is safe to paste, whatever a node calls its directory, and names the log of this etcd cluster', async () => {
  const odd = '/mnt/x$(touch pwn) y'
  const host = node('a', { containers: [] })
  const target = { ...targetOf([host]), etcdCluster: 'events', log: '/var/log/etcd-events.log' }
  const copies = [odd, '/mnt/z'].map((at) => copyOf({ path: `${at}/data/t`, etcdCluster: 'events', serving: true }))
  await expect(seatOn(memoryWorld({ target }), host, copies)).rejects.toMatchObject({
    hint: expect.stringContaining(
      `'etcd with datadir' /var/log/etcd-events.log; then say it: --etcd-cluster events --set seats=a='${odd}',`,
    ),
  })
})

test('the only volume of this etcd cluster, and without one the only empty one', async () => {
  expect(await seat([on('snap'), on('now', { etcdCluster: 'events' })])).toBe(base('snap'))
  expect(await seat([on('snap', { etcdCluster: 'events' }), on('now', { etcdCluster: 'events' })])).toBe(base('new'))
})

test('seats are typed as NODE=/PATH', () => {
  expect([...parseSeats('a=/mnt/x, b=/mnt/y', ['a', 'b'])]).toEqual([
    ['a', '/mnt/x'],
    ['b', '/mnt/y'],
  ])
  for (const odd of ['c=/mnt/x', 'a=mnt', 'a']) expect(() => parseSeats(odd, ['a'])).toThrow(/NODE=\/PATH/)
})
