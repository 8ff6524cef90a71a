import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import type { EtcdClient, LocalMember } from '../../src/ports/etcd.ts'
import type { Facts } from '../../src/steps/facts.ts'
import { raiseAlarm } from '../support/raise-alarm.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { etcd, oneRelease } from './support/member-dir.ts'
import { manifestsOf, node, targetOf } from './support/nodes.ts'
import { runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const RUN = '20240321T130205Z-k3f9aq'

/** A node whose etcd-manager has this quota in its manifest, and a real etcd that is its member. */
async function scene(quota?: (bytes: number) => number) {
  const dir = await tempDir()
  const host = node('a', { root: dir, manifests: true })
  const member = await etcd.start(await oneRelease(), join(dir, 'etcd'))
  onTestFinished(() => member.stop())
  // history, which a compaction gives back
  for (let at = 0; at < 30; at++) await member.client.put('/registry/configmaps/default/big', Buffer.alloc(100_000, at))
  // etcd writes its file a moment after it has answered
  await expect
    .poll(async () => (await member.client.status()).dbSizeBytes, { timeout: 30_000 })
    .toBeGreaterThan(3_000_000)
  const env = async () => {
    const value = String(quota?.((await member.client.status()).dbSizeBytes))
    return quota === undefined ? [] : [{ name: 'ETCD_QUOTA_BACKEND_BYTES', value }]
  }
  const containers = [{ name: 'etcd-manager', env: await env() }]
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'etcd-manager-main' }, spec: { containers } }
  writeFileSync(join(manifestsOf(dir), 'etcd-manager-main.manifest'), JSON.stringify(pod))
  const prove = (
    inputs: object = {},
    { client = member.client, confirm = undefined as boolean | undefined, facts = {} as Partial<Facts> } = {},
  ) =>
    runStep('prove-writes', {
      ...{ inputs, facts },
      world: {
        ...{
          controlPlane: [host],
          target: targetOf([host]),
          live: liveAs(() => ({ ...client, close: async () => {} })),
        },
        prompter: memoryPrompter(confirm === undefined ? {} : { confirm }),
      },
    })
  return { member, prove }
}

const leftOver = async ({ client }: LocalMember) => client.count({ prefix: '/etcd-rescue/' })

describe('prove-writes', () => {
  test('puts, reads and removes one key, and nothing else', async () => {
    const { member, prove } = await scene()
    const before = (await member.client.status()).revision
    expect((await prove()).notes).toEqual(['a write went through, and was taken back'])
    expect((await member.client.status()).revision).toBe(before + 2)
    expect(await leftOver(member)).toBe(0)
  })

  test('NOSPACE is taken back where there is room, whichever member raised it', async () => {
    const { member, prove } = await scene()
    await raiseAlarm(member, 'NOSPACE')
    await raiseAlarm(member, 'NOSPACE', 'abc123')
    const { notes } = await prove()
    expect(notes.join('\n')).toMatch(/alarm NOSPACE of member abc123.*\na: the database has .* its quota is 2\.15 GB/s)
    expect(notes.at(-1)).toBe('a write went through, and was taken back')
    expect(await member.client.alarms()).toEqual([])
  })

  test('a database at its quota exactly is compacted and defragmented first, when the operator agrees', async () => {
    const { member, prove } = await scene((bytes) => bytes)
    await raiseAlarm(member, 'NOSPACE')
    await expect(prove()).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--yes, or --set disarm=nospace/ })
    await expect(prove({}, { confirm: false })).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      message: /at its quota: a: /,
    })
    expect(await member.client.alarms()).toHaveLength(1)
    const { notes } = await prove({}, { confirm: true })
    expect(notes.some((line) => line.startsWith('a: compacted and defragmented, '))).toBe(true)
    expect(await member.client.alarms()).toEqual([])
  })

  test('one that stays full is not disarmed: the next write would raise it again', async () => {
    const { member, prove } = await scene(() => 50_000)
    await raiseAlarm(member, 'NOSPACE')
    await expect(prove({ disarm: 'nospace' })).rejects.toMatchObject({
      ...{
        code: 'NOT_VERIFIED',
        message: /its database is at its quota: a: the database has .* its quota is [\d.]+ k?B/,
      },
      hint: /give etcd more room \(ETCD_QUOTA_BACKEND_BYTES/,
    })
    expect(await member.client.alarms()).toHaveLength(1)
  })

  test('CORRUPT is never taken back in silence, whatever --yes says', async () => {
    const { member, prove } = await scene()
    await raiseAlarm(member, 'CORRUPT')
    const { memberId } = await member.client.status()
    for (const options of [{}, { confirm: true }])
      await expect(prove({}, options)).rejects.toMatchObject({
        ...{ code: 'NOT_VERIFIED', message: `etcd refuses writes: it has the alarm CORRUPT of member ${memberId}` },
        hint: /etcd-rescue run prove-writes --set disarm=all; then go on: etcd-rescue runs resume$/,
      })
    await expect(prove({ disarm: 'nospace' })).rejects.toMatchObject({ code: 'NOT_VERIFIED' })
    expect(await member.client.alarms()).toHaveLength(1)
    await prove({ disarm: 'all' })
    expect(await member.client.alarms()).toEqual([])
  })

  test('what check-state has asked is not asked again', async () => {
    const { member, prove } = await scene()
    await raiseAlarm(member, 'CORRUPT')
    await prove({}, { facts: { state: { disarm: 'all', makesRoom: false } } })
    expect(await member.client.alarms()).toEqual([])
    await raiseAlarm(member, 'CORRUPT')
    const no = prove({ disarm: 'no' }, { facts: { state: { disarm: 'all', makesRoom: false } } })
    await expect(no).rejects.toMatchObject({ code: 'NOT_VERIFIED' })
  })

  test('a database at its quota is made smaller before the first write, which would raise the alarm', async () => {
    const { prove } = await scene((bytes) => bytes)
    const { notes } = await prove({}, { facts: { state: { disarm: 'nospace', makesRoom: true } } })
    expect(notes.some((line) => line.startsWith('a: compacted and defragmented, '))).toBe(true)
    const fresh = await scene((bytes) => bytes)
    expect((await fresh.prove()).notes).toEqual(['a write went through, and was taken back'])
  })

  test('an alarm that is to stay is no success', async () => {
    const { member, prove } = await scene()
    await raiseAlarm(member, 'NOSPACE')
    await expect(prove({ disarm: 'no' })).rejects.toMatchObject({ code: 'NOT_VERIFIED', message: /alarm NOSPACE/ })
  })
})

const error = (code: 'ETCD_FAILED' | 'ETCD_UNREACHABLE' | 'PRECONDITION', message: string) =>
  new RescueError(code, message, { hint: 'see' })
const world = (client: Partial<EtcdClient>) => ({ live: liveAs(() => ({ ...kvClient({}), ...client })) })

describe('a write that does not go through', () => {
  test.each([
    ['ETCD_FAILED', 'etcd refused: etcdserver: mvcc: database space exceeded'],
    ['ETCD_FAILED', 'etcd refused: etcdserver: corrupt cluster'],
    ['PRECONDITION', 'etcd has authentication enabled: user name is empty'],
  ] as const)('%s is a failed verification: %s', async (code, message) => {
    const put = async () => Promise.reject(error(code, message))
    await expect(runStep('prove-writes', { world: world({ put }) })).rejects.toMatchObject({
      ...{ code: 'NOT_VERIFIED', message: `the recovered cluster does not take writes: ${message}` },
      hint: /prove-writes --set disarm=all/,
    })
  })

  test('one that is refused while it is removed as well', async () => {
    const deleteIfUnchanged = async () => Promise.reject(error('ETCD_FAILED', 'etcdserver: corrupt cluster'))
    await expect(runStep('prove-writes', { world: world({ deleteIfUnchanged }) })).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
    })
  })

  test('one that nobody answers just now is tried again', async () => {
    let tries = 0
    const client = kvClient({})
    const put: EtcdClient['put'] = async (...args) => {
      if (++tries < 3) throw error('ETCD_UNREACHABLE', 'no leader')
      return client.put(...args)
    }
    await runStep('prove-writes', { world: { live: liveAs(() => ({ ...client, put })) } })
    expect(client.contents()).toEqual({})
  })

  test('alarms that nobody tells while a leader is elected are asked for again', async () => {
    let tries = 0
    const alarms: EtcdClient['alarms'] = async () => {
      if (++tries < 3)
        throw error('ETCD_UNREACHABLE', 'etcdserver: request timed out, possibly due to previous leader failure')
      return []
    }
    const { notes } = await runStep('prove-writes', { world: world({ alarms }) })
    expect(notes).toEqual(['a write went through, and was taken back'])
  })

  test('a key that cannot be removed is named with the command', async () => {
    const { notes } = await runStep('prove-writes', { world: world({ deleteIfUnchanged: async () => false }) })
    expect(notes[0]).toBe(`the key /etcd-rescue/probe/${RUN} is still there: etcdctl del /etcd-rescue/probe/${RUN}`)
  })

  test('an alarm that the write itself raised', async () => {
    let asked = 0
    const alarms = async () => (++asked > 1 ? [{ kind: 'NOSPACE', memberId: '1' }] : [])
    await expect(runStep('prove-writes', { world: world({ alarms }) })).rejects.toMatchObject({
      code: 'NOT_VERIFIED',
      message: /raised the alarm NOSPACE again/,
    })
  })
})
