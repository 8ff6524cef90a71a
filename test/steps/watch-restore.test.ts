import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { EtcdClient } from '../../src/ports/etcd.ts'
import { addBackup } from './support/backups.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, targetOf } from './support/nodes.ts'
import { backupOf } from './support/snapshots.ts'
import { runStep } from './support/step.ts'
import { tempDir, tempScratch } from './support/temp.ts'

const KEY = 'control/2024-03-21T13:00:00Z-000000/_command.json'
const OLD = '2024-03-21T12:00:00Z-000001'
const FIRST = '2024-03-21T13:01:00Z-000001'
const SECOND = '2024-03-21T13:02:00Z-000001'
const KEYS = 60
const LOG = '/var/log/etcd.log'

let dir: string
let ofRestored: Awaited<ReturnType<typeof backupOf>>
let ofEmpty: Awaited<ReturnType<typeof backupOf>>
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rescue-step-'))
  ofRestored = await backupOf(dir, 'restored', KEYS)
  ofEmpty = await backupOf(dir, 'empty', 1)
}, 60_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

/** What happens in the world, one entry between two looks, a loop of etcd-manager apart; then the deadline passes. */
function clockThatDoes(events: (() => unknown)[]): Clock {
  const clock = memoryClock()
  return {
    ...clock,
    sleep: async (_ms, signal) => {
      const event = events.shift()
      await clock.sleep(event ? 10_000 : 3_600_000, signal)
      await event?.()
    },
  }
}

const pods = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`/registry/pods/default/p${at}`, 'x']))

let second = 0
/** A line of the leader's log; each has a time of its own. */
const line = (text: string) => {
  second += 1
  return `W0321 13:00:${String(second % 60).padStart(2, '0')}.${String(second).padStart(6, '0')}    4711 controller.go:159] ${text}\n`
}
const loopError = (why: string) => line(`unexpected error running etcd cluster reconciliation loop: ${why}`)
const begins = (backup = 'recovered-x') =>
  line(`got restore-backup command: timestamp:1  restore_backup:{cluster_spec:{member_count:3}  backup:"${backup}"}`)
const refused = (why: string) =>
  begins() + loopError(`error restoring backup on peer peer{a}: rpc error: code = Unknown desc = ${why}`)
const CUT = 'error expanding snapshot: error expanding file: unexpected EOF'
const COLLISION =
  'error from JoinClusterRequest (prepare) from peer "peer{b}": rpc error: code = Unknown desc = concurrent prepare in progress "tok"'

interface Tools {
  serve: (client: EtcdClient | undefined) => void
  store: ReturnType<typeof memoryStore>
  trash: (token: string) => Promise<unknown>
  log: (text: string, on?: string) => Promise<void>
}
const restored = () => kvClient(pods(KEYS), { clusterId: 'after', members: ofRestored.members })

async function scene(
  events: (tools: Tools) => (() => unknown)[],
  { remembered = new Map(), unread = [] as string[] } = {},
) {
  const store = memoryStore()
  await store.write(KEY, Buffer.from('{}'))
  await addBackup(store, OLD)
  let serving: EtcdClient | undefined = kvClient({}, { clusterId: 'before', members: ofEmpty.members })
  const roots = Object.fromEntries(await Promise.all(['a', 'b'].map(async (name) => [name, await tempDir()] as const)))
  const at = (name: string) => roots[name] ?? ''
  for (const name of ['a', 'b']) await mkdir(join(at(name), 'var/log'), { recursive: true })
  const log = (text: string, on = 'a') => appendFile(join(at(on), LOG), text)
  for (const name of ['a', 'b']) await log(line('starting'), name)
  const controlPlane = ['a', 'b'].map((name) =>
    node(name, {
      root: at(name),
      script: ([program]) =>
        program === 'tail' && unread.includes(name) ? { code: 1, stderr: 'tail: Permission denied' } : undefined,
    }),
  )
  const trash = (token: string) => mkdir(join(at('a'), 'mnt/v/data-trashcan', token, 'member'), { recursive: true })
  await trash('old')
  const tools: Tools = {
    store,
    trash,
    log,
    serve: (client) => {
      serving = client
    },
  }
  const clock = clockThatDoes(events(tools))
  const requestedAt = Date.parse('2024-03-21T13:00:00Z')
  const command = { key: KEY, backup: 'recovered-x', requestedAt, clusterIdBefore: 'before' }
  const expected = { keys: KEYS, digest: '', revision: 9, dataDir: '/x', minor: '3.5', dataBytes: 1 }
  const facts = { command, earlierBackups: [OLD], expected }
  const target = { ...targetOf(controlPlane), log: LOG }
  const scratch = await tempScratch()
  const world = { store, clock, controlPlane, target, scratch, live: liveAs(() => serving) }
  return runStep('watch-restore', { facts, world, remembered })
}

describe('watch-restore', () => {
  test('done only when the command is gone, another cluster answers and a backup was taken of it', async () => {
    const { gives, notes } = await scene(({ store, serve }) => [
      () => serve(undefined),
      () => store.remove(KEY),
      () => addBackup(store, FIRST, ofRestored.gz),
      () => serve(restored()),
    ])
    expect(gives).toEqual({
      restoredLive: { clusterId: 'after', seconds: 40, outageSeconds: 40, liveRevision: KEYS + 1 },
    })
    expect(notes.join('\n')).toContain(`first backup of the restored cluster: ${FIRST}`)
  })

  test('the outage is from the last answer of the cluster before to the first of this one, not to its backup', async () => {
    const { gives } = await scene(({ store, serve }) => [
      () => {},
      () => serve(undefined),
      () => store.remove(KEY),
      () => serve(restored()),
      () => addBackup(store, FIRST, ofRestored.gz),
    ])
    expect(gives).toMatchObject({ restoredLive: { seconds: 50, outageSeconds: 30 } })
  })

  test.each<[string, string[], RegExp]>([
    ['the command is still there', ['backup', 'restored'], /the command is still there/],
    ['there is no new backup', ['remove', 'restored'], /no new backup yet/],
    ['the cluster from before is served', ['remove', 'backup'], /the cluster from before \(before\) is still served/],
  ])('not done while %s', async (_, did, last) => {
    const run = scene(({ store, serve }) => [
      async () => {
        if (did.includes('remove')) await store.remove(KEY)
        if (did.includes('backup')) await addBackup(store, FIRST, ofRestored.gz)
        if (did.includes('restored')) serve(restored())
      },
    ])
    await expect(run).rejects.toMatchObject({ code: 'TIMED_OUT', message: last })
  })

  test('the first backup after the command is of the empty cluster: the one of the restored cluster is named', async () => {
    const { notes } = await scene(({ store, serve }) => [
      // 705 bytes between command and restart
      () => addBackup(store, FIRST, ofEmpty.gz),
      async () => {
        await store.remove(KEY)
        serve(restored())
      },
      () => addBackup(store, SECOND, ofRestored.gz),
    ])
    expect(notes.join('\n')).toContain(`first backup of the restored cluster: ${SECOND}`)
  })

  test('somebody removes the command and restarts the leader: the empty cluster that is served then is no restore', async () => {
    const another = kvClient({}, { clusterId: 'empty', members: ofEmpty.members })
    const run = scene(({ store, serve }) => [
      () => store.remove(KEY),
      () => serve(another),
      () => addBackup(store, FIRST, ofEmpty.gz),
    ])
    await expect(run).rejects.toMatchObject({ code: 'TIMED_OUT', message: /at revision 1, .* it is an empty one/ })
  })
})

test('a command that was written over in the same second is told, and not waited for', async () => {
  const other = {
    timestamp: '1',
    restoreBackup: { clusterSpec: { memberCount: 3, etcdVersion: '3.5.30' }, backup: 'other' },
  }
  const run = scene(({ store }) => [async () => void (await store.write(KEY, Buffer.from(JSON.stringify(other))))])
  await expect(run).rejects.toMatchObject({
    code: 'COMMAND_PENDING',
    message: /no longer restores recovered-x but "other"/,
  })
})

describe('watch-restore, by the log of etcd-manager', () => {
  test('trashed tokens are no proof: a leader that was killed while it archived is waited for', async () => {
    const tries = ['1', '2', '3', '4', '5', '6'].map((token) => async ({ trash, log }: Tools) => {
      await trash(token)
      await log(begins() + loopError(COLLISION), 'b')
    })
    const { gives } = await scene((tools) => [
      ...tries.map((one) => () => one(tools)),
      async () => {
        await tools.store.remove(KEY)
        tools.serve(restored())
        await addBackup(tools.store, FIRST, ofRestored.gz)
      },
    ])
    expect(gives).toMatchObject({ restoredLive: { clusterId: 'after' } })
  })

  test('while it is waited for, it is said why', async () => {
    const run = scene(({ trash, log }) => [() => trash('1'), () => log(begins() + loopError(COLLISION), 'b')])
    await expect(run).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: expect.stringMatching(
        /restore is going on; etcd-manager on b waits until the prepare of a leader that was killed/,
      ),
    })
  })

  test("the restore's own error, again and again, is the end; what follows each step is said", async () => {
    const run = scene(({ log }) => [() => log(refused(CUT)), () => log(refused(CUT)), () => log(refused(CUT))])
    await expect(run).rejects.toMatchObject({
      code: 'BACKUP_INVALID',
      message: /cannot restore recovered-x .*3 times.* on a\): .*unexpected EOF/,
      hint: /data-trashcan.*Remove control\/.*restart etcd-manager.*EMPTY cluster.*etcd-rescue recover/,
    })
  })

  test.each<[string, (tools: Tools) => (() => unknown)[]]>([
    ['two errors', ({ log }) => [() => log(refused(CUT)), () => log(refused(CUT))]],
    [
      "another command's errors",
      ({ log }) =>
        [1, 2, 3, 4].map(() => () => log(begins('other') + loopError(`error restoring backup on peer p: ${CUT}`))),
    ],
    [
      'peers that are just restarting',
      ({ log }) =>
        [1, 2, 3, 4].map(() => () => log(refused('connection error: desc = "transport: connection refused"'))),
    ],
    [
      'a node without room',
      ({ log }) =>
        [1, 2, 3, 4].map(() => () => log(refused('error expanding file: write /tmp/x: no space left on device'))),
    ],
    ['trashed tokens alone', ({ trash }) => ['1', '2', '3', '4', '5'].map((token) => () => trash(token))],
  ])('%s are no proof', async (_, events) => {
    await expect(scene(events)).rejects.toMatchObject({ code: 'TIMED_OUT' })
  })

  test('a resumed run judges anew: what the log says already does not count', async () => {
    const remembered = new Map<string, unknown>()
    const failing = scene(({ log }) => [1, 2, 3].map(() => () => log(refused(CUT))), { remembered })
    await expect(failing).rejects.toMatchObject({ code: 'BACKUP_INVALID' })
    const resumed = scene(
      ({ log, store, serve }) => {
        // of the attempt before
        void log(refused(CUT) + refused(CUT) + refused(CUT))
        return [
          async () => {
            await store.remove(KEY)
            await addBackup(store, FIRST, ofRestored.gz)
            serve(restored())
          },
        ]
      },
      { remembered },
    )
    expect((await resumed).gives).toMatchObject({ restoredLive: { clusterId: 'after' } })
  })

  test('a log that cannot be read is not a quiet one: it says what it does not know', async () => {
    const run = scene(({ trash }) => [1, 2, 3].map((at) => () => trash(String(at))), { unread: ['a'] })
    await expect(run).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: /whether the restore fails is not known, for these logs could not be read: a: tail: .*Permission denied/,
    })
  })
})
