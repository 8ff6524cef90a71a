import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { memoryWorld } from '../../src/adapters/memory/world.ts'
import { addRestoreCommand, commandKey, listCommands } from '../../src/etcd-manager/commands.ts'
import { CREATED_KEY, encodeSpec, SPEC_KEY } from '../../src/etcd-manager/control.ts'
import type { EtcdClient } from '../../src/ports/etcd.ts'
import { findRestorer } from '../../src/steps/support/restorer.ts'
import { addBackup } from './support/backups.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, targetOf } from './support/nodes.ts'
import { backupOf } from './support/snapshots.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'

const NAME = 'recovered-x'
const OWN = '2024-03-21T12:00:00Z-000001'
const spec = { memberCount: 3, etcdVersion: '3.5.30' }

async function scene({
  away = 0,
  etcds = ['etcd-v3.5.30'],
  manager = 'v3.0.20260707',
  inputs = {},
  doubts = [] as string[],
  clusterIdBefore = 'before' as string | null,
  now = undefined as EtcdClient | undefined,
  peers = { a: 'mmm', b: 'AAA', c: 'zzz' } as Record<string, string>,
  diskless = [] as string[],
} = {}) {
  const dir = await tempDir()
  for (const name of ['a', 'b', 'c']) {
    const base = join(dir, name, 'mnt/v')
    mkdirSync(join(base, 'data'), { recursive: true })
    if (peers[name] !== undefined) writeFileSync(join(base, 'myid'), peers[name])
    if (diskless.includes(name)) rmSync(base, { recursive: true })
  }
  const store = memoryStore()
  await store.write(CREATED_KEY, Buffer.from('{}'))
  await store.write(SPEC_KEY, encodeSpec(spec))
  await addBackup(store, OWN)
  const bytes = await addBackup(store, NAME)
  const controlPlane = ['a', 'b', 'c'].map((name, at) =>
    node(name, { etcds, manager, isAway: () => at < away, root: join(dir, name), script: noEtcdRuns }),
  )
  const facts = {
    backup: { name: NAME, store: store.url, bytes, etcdVersion: '3.5.30' },
    expected: { keys: 3, digest: '', revision: 4, dataDir: '/x', minor: '3.5', dataBytes: 1, doubts },
    control: spec,
    saved: clusterIdBefore === null ? {} : { clusterId: clusterIdBefore },
  }
  const remembered = new Map<string, unknown>()
  const scratch = await tempScratch()
  const world = { store, scratch, controlPlane, target: targetOf(controlPlane), live: liveAs(() => now) }
  const options = { facts, inputs, world, remembered }
  const happened = () => stepOf('trigger-restore').happened?.(contextOf('trigger-restore', options).context as never)
  return { store, world: memoryWorld(world), remembered, run: () => runStep('trigger-restore', options), happened }
}

/** Others that run on this machine say nothing of the node. */
const noEtcdRuns = (argv: readonly string[]) => (argv[2]?.includes('FLOCK WRITE') ? { stdout: 'end\0' } : undefined)

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

  test('refuses where it is not known who leads: the command would wait for whoever starts the leader next', async () => {
    const one = await scene({ peers: { a: 'mmm', c: 'zzz' } })
    await expect(one.run()).rejects.toMatchObject({
      ...{ code: 'PRECONDITION', message: /which node leads: b may, and its volume has no myid file/, hint: /node b/ },
    })
    const none = await scene({ peers: {} })
    await expect(none.run()).rejects.toMatchObject({ code: 'PRECONDITION', message: /which node leads: a may/ })
    expect([await listCommands(one.store), await listCommands(none.store)]).toEqual([[], []])
  })

  test('goes on without a node whose disk is not attached, which cannot lead, and says so; never below a quorum', async () => {
    const { store, run } = await scene({ diskless: ['b'] })
    expect((await run()).notes.join('\n')).toMatch(/goes on without b: it has no volume of this etcd cluster/)
    expect(await listCommands(store)).toHaveLength(1)
    const below = await scene({ diskless: ['a', 'b'] })
    await expect(below.run()).rejects.toMatchObject({
      code: 'PRECONDITION',
      message: 'only 1 of 3 control-plane nodes have a volume of etcd-manager: c',
      hint: /attach the disks of at least 2 .*stay stopped until you type: etcd-rescue unfence/,
    })
    expect(await listCommands(below.store)).toEqual([])
  })

  test('its refusal says that API servers may be stopped, and how they are started', async () => {
    const { run } = await scene({ peers: { a: 'mmm', c: 'zzz' } })
    await expect(run()).rejects.toMatchObject({ hint: /stay stopped until you type: etcd-rescue unfence; look on/ })
  })

  test('refuses an etcd-manager that would loop on this version', async () => {
    const { store, run } = await scene({ etcds: ['etcd-v3.4.13'] })
    await expect(run()).rejects.toMatchObject({ code: 'VERSION_MISMATCH', message: /^a: / })
    expect(await listCommands(store)).toEqual([])
  })

  test('an etcd-manager of which it is not known with what it restores gets no command without being told to', async () => {
    const unread = { manager: 'v3.0.20261001' }
    const { store, run } = await scene(unread)
    await expect(run()).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set versions=accept/ })
    expect(await listCommands(store)).toEqual([])
    const told = await scene({ ...unread, inputs: { versions: 'accept' } })
    expect((await told.run()).notes.join('\n')).toMatch(/accepted: .*etcd-manager on a, b, c: .*v3\.0\.20261001/)
    expect(await listCommands(told.store)).toHaveLength(1)
  })

  test('what was agreed to at the trial is not asked again; a new doubt is', async () => {
    const { doubts } = await findRestorer({ ...(await scene({ manager: 'latest' })), note: () => {} }, '3.5.30')
    expect(doubts).toHaveLength(1)
    const { store, run } = await scene({ manager: 'latest', doubts })
    await run()
    expect(await listCommands(store)).toHaveLength(1)
    await expect((await scene({ manager: 'another', doubts })).run()).rejects.toMatchObject({ code: 'ANSWER_MISSING' })
  })
})

describe('trigger-restore, after a crash: has it happened?', () => {
  let dir: string
  let of: Record<'lost' | 'restored', Awaited<ReturnType<typeof backupOf>>>
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
    of = { lost: await backupOf(dir, 'lost', 1), restored: await backupOf(dir, 'new', 1) }
  }, 60_000)
  afterAll(() => rm(dir, { recursive: true, force: true }))

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

  test.each([
    ['yes when a backup was taken since of a cluster that the last one before is not of', 'restored', true],
    ['no when the new backup is of the cluster that the last one before is of', 'lost', false],
    ['no when no new backup is of the cluster that runs', 'third', false],
  ])(
    '%s, where the id of the cluster from before is not known',
    async (_, runs, did) => {
      const members = { lost: of.lost.members, restored: of.restored.members, third: ['ffff'] }[runs] ?? []
      const now = kvClient({}, { clusterId: 'x', members })
      const { store, remembered, happened } = await scene({ now, clusterIdBefore: null })
      await addBackup(store, OWN, of.lost.gz)
      remembered.set('backupsBefore', [OWN])
      await addBackup(store, '2024-03-21T13:00:00Z-000001', runs === 'lost' ? of.lost.gz : of.restored.gz)
      remembered.set('writing', true)
      expect((await happened()) !== undefined).toBe(did)
    },
    30_000,
  )

  test('a cluster that does not answer is no guess', async () => {
    const { remembered, happened } = await scene()
    remembered.set('writing', true)
    await expect(happened()).rejects.toMatchObject({ code: 'TIMED_OUT', message: /which cluster it is/ })
  })
})
