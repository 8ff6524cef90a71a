import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { addRestoreCommand, commandKey, listCommands } from '../../src/etcd-manager/commands.ts'
import { CREATED_KEY, encodeSpec, SPEC_KEY } from '../../src/etcd-manager/control.ts'
import type { EtcdClient } from '../../src/ports/etcd.ts'
import { addBackup } from './support/backups.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, targetOf } from './support/nodes.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'

const NAME = 'recovered-x'
const OWN = '2024-03-21T12:00:00Z-000001'
const spec = { memberCount: 3, etcdVersion: '3.5.30' }

async function scene({ away = 0, etcds = ['etcd-v3.5.30'], now = undefined as EtcdClient | undefined } = {}) {
  const store = memoryStore()
  await store.write(CREATED_KEY, Buffer.from('{}'))
  await store.write(SPEC_KEY, encodeSpec(spec))
  await addBackup(store, OWN)
  const bytes = await addBackup(store, NAME)
  const controlPlane = ['a', 'b', 'c'].map((name, at) => node(name, { etcds, isAway: () => at < away }))
  const facts = {
    backup: { name: NAME, store: store.url, bytes, etcdVersion: '3.5.30' },
    expected: { keys: 3, digest: '', revision: 4, dataDir: '/x', minor: '3.5', dataBytes: 1 },
    control: spec,
    saved: { clusterId: 'before' },
  }
  const remembered = new Map<string, unknown>()
  const world = { store, controlPlane, target: targetOf(controlPlane), live: liveAs(() => now) }
  const options = { facts, world, remembered }
  const happened = () => stepOf('trigger-restore').happened?.(contextOf('trigger-restore', options).context as never)
  return { store, remembered, run: () => runStep('trigger-restore', options), happened }
}

const giveCommand = (store: Parameters<typeof addRestoreCommand>[0], backup: string) => {
  const now = new Date('2024-03-21T12:30:00Z')
  return addRestoreCommand(store, commandKey(now), { backup, clusterSpec: spec, now })
}

describe('trigger-restore', () => {
  test('writes one command that etcd-manager can read, and says what was there before it', async () => {
    const { store, run } = await scene()
    const { gives } = await run()
    const commands = await listCommands(store)
    expect(commands).toMatchObject([{ backup: NAME, clusterSpec: spec }])
    expect(gives).toMatchObject({
      command: { key: commands[0]?.key, backup: NAME, clusterIdBefore: 'before' },
      earlierBackups: [OWN],
    })
  })

  test.each<[string, string, (store: ReturnType<typeof memoryStore>) => Promise<unknown>]>([
    ['another command is pending', 'COMMAND_PENDING', (store) => giveCommand(store, OWN)],
    ['the marker is empty', 'CONTROL_FILES', (store) => store.write(CREATED_KEY, Buffer.alloc(0))],
    ['the marker is missing', 'CONTROL_FILES', (store) => store.remove(CREATED_KEY)],
    ['the backup has vanished', 'OBJECT_MISSING', (store) => store.remove(`${NAME}/_etcd_backup.meta`)],
    [
      'the backup was written over',
      'STORE_CORRUPT',
      (store) => store.write(`${NAME}/etcd.backup.gz`, Buffer.from('other')),
    ],
  ])('refuses when %s', async (_, code, change) => {
    const { store, run } = await scene()
    await change(store)
    const before = (await listCommands(store)).length
    await expect(run()).rejects.toMatchObject({ code })
    expect(await listCommands(store)).toHaveLength(before)
  })

  test('refuses below a quorum of nodes, goes on with one and says which is away', async () => {
    const below = await scene({ away: 2 })
    await expect(below.run()).rejects.toMatchObject({ code: 'PRECONDITION', message: /only 1 of 3 .* a: .*b: / })
    expect(await listCommands(below.store)).toEqual([])
    expect((await (await scene({ away: 1 })).run()).notes.join('\n')).toMatch(/goes on without a: /)
  })

  test('refuses an etcd-manager that would loop on this version', async () => {
    const { store, run } = await scene({ etcds: ['etcd-v3.4.13'] })
    await expect(run()).rejects.toMatchObject({ code: 'VERSION_MISMATCH', message: /^a: / })
    expect(await listCommands(store)).toEqual([])
  })
})

describe('trigger-restore, after a crash: has it happened?', () => {
  test('yes while its own command is there', async () => {
    const { store, happened } = await scene()
    await giveCommand(store, NAME)
    expect(await happened()).toMatchObject({ command: { key: commandKey(new Date('2024-03-21T12:30:00Z')) } })
  })

  test('no before it was about to write', async () => {
    expect(await (await scene()).happened()).toBeUndefined()
  })

  test.each([
    ['yes when another cluster runs now', 'after', true],
    ['no when the cluster from before still runs', 'before', false],
  ])('%s and the command is gone', async (_, clusterId, did) => {
    const { remembered, happened } = await scene({ now: kvClient({}, { clusterId }) })
    remembered.set('writing', true)
    expect((await happened()) !== undefined).toBe(did)
  })

  test('a cluster that does not answer is no guess', async () => {
    const { remembered, happened } = await scene()
    remembered.set('writing', true)
    await expect(happened()).rejects.toMatchObject({ code: 'TIMED_OUT', message: /which cluster it is/ })
  })
})
