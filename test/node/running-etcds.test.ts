import { mkdirSync, symlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryHost } from '../../src/adapters/memory/host.ts'
import { runningEtcds, runsOn } from '../../src/node/running-etcds.ts'
import { listDataDirs } from '../../src/node/volumes.ts'
import type { LocalMember } from '../../src/ports/etcd.ts'
import { etcd, oneRelease } from '../steps/support/member-dir.ts'
import { localHost } from './fake.ts'

let dir: string
let member: LocalMember
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-runs-'))
  mkdirSync(join(dir, 'vol/data'), { recursive: true })
  mkdirSync(join(dir, 'beside/data'), { recursive: true })
  // what etcd-manager calls it in its container is another path
  symlinkSync(join(dir, 'vol'), join(dir, 'rootfs'))
  member = await etcd.start(await oneRelease(), join(dir, 'rootfs/data/token'))
  mkdirSync(join(dir, 'beside/data/token/member/snap'), { recursive: true })
})
afterAll(async () => {
  await member?.stop()
  await rm(dir, { recursive: true, force: true })
})

const dirAt = async (base: string) =>
  (await listDataDirs(localHost(), join(dir, base))).found[0] ?? { token: '', inodes: [] }
const answer = (...fields: string[]) =>
  memoryHost({ script: () => ({ stdout: [...fields, 'end'].map((one) => `${one}\0`).join('') }) })

describe('the etcds that run on a node', () => {
  test('are told by what they hold, whatever they call it; one of the same token beside is none', async () => {
    const running = await runningEtcds(localHost())
    expect(runsOn(running, await dirAt('vol'))).toMatchObject({ is: 'seen', value: { pid: member.pid, isOpen: true } })
    expect(runsOn(running, await dirAt('beside'))).toEqual({ is: 'absent' })
  })

  test('none is an answer; no answer is not none', async () => {
    expect(await runningEtcds(answer())).toEqual({ is: 'seen', value: [] })
    for (const reply of [{}, { stdout: 'Welcome!\n' }, { code: 44, stderr: 'cannot be seen' }])
      expect(await runningEtcds(memoryHost({ script: () => reply }))).toMatchObject({ is: 'unseen' })
  })

  test('of one whose files cannot be seen only its own word of another token clears a directory', async () => {
    const of = (dataDir: string) => answer('7', 'no', '', dataDir, 'https://0.0.0.0:4001')
    const named = { token: 'token', inodes: ['8:1'] }
    expect(runsOn(await runningEtcds(of('')), named)).toMatchObject({ is: 'unseen' })
    expect(runsOn(await runningEtcds(of('/rootfs/mnt/x/data/token')), named)).toMatchObject({ is: 'unseen' })
    expect(runsOn(await runningEtcds(of('/var/lib/etcd')), named)).toEqual({ is: 'absent' })
  })

  test('have the ports of their clients', async () => {
    const urls = 'https://0.0.0.0:4002,https://[::1]:4002/'
    expect(await runningEtcds(answer('7', 'yes', '8:1 8:2 ', '', urls))).toEqual({
      is: 'seen',
      value: [{ pid: 7, isOpen: true, inodes: ['8:1', '8:2'], clientPorts: [4002, 4002] }],
    })
  })
})
