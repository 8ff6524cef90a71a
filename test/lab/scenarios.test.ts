import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openFileSource, scanWal } from '../../src/bolt/index.ts'
import { decodeState } from '../../src/lab/etcd-manager/state.ts'
import { type Incident, incident, type Lab } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { reboot } from '../../src/lab/scenarios/reboot.ts'
import { etcdOn } from '../../src/lab/scenarios/stalled-etcd.ts'
import { describeOn } from '../support/skip.ts'
import { logged, nodeOf, release, smallLab, without } from './support/lab.ts'

// Each ends in seconds on a quiet machine; a busy one must not make them lie
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

describeOn(release === undefined ? without : undefined, 'what comes on top of the incident', () => {
  let lab: Lab
  let before: Incident

  beforeAll(async () => {
    lab = await smallLab({ workers: 1 })
    const scenarios = ['member-away', 'volume-beside', 'torn-log'] as const
    before = await incident(lab, { keys: 200, sizeBytes: 100_000, seed: 3 }, { scenarios })
  })
  afterAll(() => lab?.close())

  const volume = (node: string) => pathsOf(nodeOf(lab, node)).mainVolume
  const stateOf = (dir: string) => decodeState(readFileSync(join(dir, 'state'))).token

  async function logOf(dataDir: string) {
    const dir = join(dataDir, 'member/wal')
    const [name = ''] = readdirSync(dir).filter((one) => one.endsWith('.wal'))
    const source = await openFileSource(join(dir, name))
    return scanWal(source).finally(() => source.close())
  }

  it('a member that was away runs alone on its old token, and holds more than the one that was trashed', async () => {
    const [old = ''] = before.trashed.b ?? []
    expect(before.trashed).toEqual({ a: [], b: [old], c: [] })
    expect([readdirSync(join(volume('c'), 'data')), stateOf(volume('c'))]).toEqual([[old], old])
    expect(stateOf(volume('a'))).toBe(stateOf(volume('b')))
    expect(stateOf(volume('a'))).not.toBe(old)
    const [away, trashed] = await Promise.all([logOf(join(volume('c'), 'data', old)), logOf(trashedOnB(old))])
    expect(away.lastIndex ?? 0).toBeGreaterThanOrEqual((trashed.lastIndex ?? 0) + before.lateWrites)
    expect(before.lateWrites).toBeGreaterThan(100)
    await logged(lab, 'Want to expand cluster but no available nodes')
    await logged(lab, 'cluster ID mismatch')
    const gateway = lab.etcd('c')
    await expect(gateway.call('/v3/kv/range', { key: 'aGVhbHRo' }, 1_000)).rejects.toThrow()
    gateway.close()
  })

  const trashedOnB = (token: string) => join(volume('b'), 'data-trashcan', token)

  it('a copy ends in the middle of a record', async () => {
    expect(await logOf(trashedOnB(before.trashed.b?.[0] ?? ''))).toMatchObject({ end: 'torn' })
  })

  it('a volume beside has the old data and a state of its own, and nothing runs on it', async () => {
    const [old = ''] = before.trashed.b ?? []
    const { besideVolume } = pathsOf(nodeOf(lab, 'b'))
    expect([readdirSync(join(besideVolume, 'data')), stateOf(besideVolume)]).toEqual([[old], old])
    expect(readFileSync(join(besideVolume, 'myid'))).toEqual(readFileSync(join(volume('b'), 'myid')))
    expect(readdirSync(join(besideVolume, 'data', old, 'member'))).toEqual(['snap', 'wal'])
    expect(existsSync(join(besideVolume, 'data-trashcan'))).toBe(false)
  })

  it('a rebooted node starts what its manifests say, and those moved away only when they are written anew', async () => {
    const node = nodeOf(lab, 'b')
    const { manifests } = pathsOf(node)
    const aside = join(node.root, 'etc/kubernetes/etcd-rescue')
    const [main = ''] = readdirSync(manifests).filter((name) => name.startsWith('etcd-main'))
    const etcd = await etcdOn(node)
    await reboot(lab, 'b', { rewritten: false })
    expect(await etcdOn(node)).not.toBe(etcd)
    mkdirSync(aside)
    renameSync(join(manifests, main), join(aside, main))
    await reboot(lab, 'b', { rewritten: false })
    expect(existsSync(join(manifests, main))).toBe(false)
    await reboot(lab, 'b', { rewritten: true })
    expect([existsSync(join(manifests, main)), existsSync(join(aside, main))]).toEqual([true, true])
  })
})
