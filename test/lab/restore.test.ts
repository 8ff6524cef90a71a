import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRestoreLine } from '../../src/etcd-manager/restore-log.ts'
import { backupNames } from '../../src/lab/control-files.ts'
import { fill } from '../../src/lab/fill.ts'
import { countServed, type Lab, measure, type Tally } from '../../src/lab/index.ts'
import { pathsOf } from '../../src/lab/layout.ts'
import { killLeaderWhileItArchives } from '../../src/lab/scenarios/leader-killed.ts'
import { waitFor } from '../../src/lab/wait.ts'
import { logged, logsOf, release, restartManager, smallLab, times, without } from './support/lab.ts'

const KEYS = 300
const ORDER = [
  'Downloading backup',
  'restoring snapshot',
  'snapshot restore complete',
  'starting etcd to read backup',
  `restored ${KEYS} keys`,
]

describe.skipIf(release === undefined)(`the double restores a backup (${release?.version ?? without})`, () => {
  let lab: Lab
  let good: string
  let expected: Tally
  let commands = 0

  beforeAll(async () => {
    lab = await smallLab()
    await lab.ready()
    await fill(lab, { keys: KEYS, sizeBytes: 100_000, seed: 7 })
    expected = await measure(lab)
    const before = (await backupNames(lab)).length
    await waitFor('a backup with the keys', 30_000, async () =>
      (await backupNames(lab)).length > before + 1 ? true : undefined,
    )
    good = (await backupNames(lab)).at(-1) ?? ''
  }, 60_000)
  afterAll(() => lab?.close())

  async function order(backup: string): Promise<string> {
    commands += 1
    const key = `control/2024-03-21T13:02:${String(commands).padStart(2, '0')}Z-000000/_command.json`
    const version = lab.settings.release.version
    const restoreBackup = { clusterSpec: { memberCount: 3, etcdVersion: version }, backup }
    await lab.store.write(key, Buffer.from(JSON.stringify({ timestamp: '1711026125000000000', restoreBackup })))
    return key
  }

  async function copyOf(name: string, change: (data: Buffer) => Buffer, meta?: object): Promise<string> {
    const data = (await lab.store.read(`${good}/etcd.backup.gz`, { maxBytes: 64 << 20 })).body
    const info =
      meta === undefined ? (await lab.store.read(`${good}/_etcd_backup.meta`)).body : Buffer.from(JSON.stringify(meta))
    await lab.store.write(`${name}/etcd.backup.gz`, change(data))
    await lab.store.write(`${name}/_etcd_backup.meta`, info)
    return name
  }

  const trash = async (): Promise<number> =>
    (await readdir(join(pathsOf(lab.nodes[0] ?? { root: '/' }).mainVolume, 'data-trashcan'))).length

  it('does nothing when a command waits and a follower is restarted', async () => {
    const key = await order(good)
    await restartManager(lab, 1)
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    expect(await lab.store.head(key)).toBeDefined()
    expect(await trash()).toBe(0)
    expect((await measure(lab)).keys).toBe(KEYS)
    await lab.store.remove(key)
  })

  it('trashes the live data first and copies every key, once its leader is restarted', async () => {
    const key = await order(good)
    await restartManager(lab)
    await waitFor('the command is gone', 30_000, async () =>
      (await lab.store.head(key)) === undefined ? true : undefined,
    )
    await lab.ready()
    expect(await measure(lab)).toEqual(expected)
    expect(await trash()).toBe(1)
    const log = logsOf(lab)
    const at = ORDER.map((line) => log.indexOf(line))
    expect(at).toEqual([...at].sort((a, b) => a - b))
    expect(at).not.toContain(-1)
    await logged(lab, 'Setting quarantined state to false', 2)
  }, 60_000)

  it('repeats a prepare after its leader was killed while it archived, and then restores by itself', async () => {
    const [trashed, seen] = [await trash(), times(logsOf(lab), 'concurrent prepare in progress')]
    const isDead = await killLeaderWhileItArchives(lab)
    const key = await order(good)
    await restartManager(lab)
    await logged(lab, 'JoinClusterRequest (prepare) from peer', 1)
    await logged(lab, 'concurrent prepare in progress', seen + 2)
    expect(isDead()).toBe(true)
    await waitFor('the command is gone', 60_000, async () =>
      (await lab.store.head(key)) === undefined ? true : undefined,
    )
    await lab.ready()
    expect(await measure(lab)).toEqual(expected)
    expect(await trash()).toBeGreaterThan(trashed)
  }, 120_000)

  const broken: [string, string, () => Promise<string>][] = [
    ['a backup that does not exist', 'file does not exist', async () => 'no-such-backup'],
    [
      'a database without its hash',
      'returned a non-zero exit code',
      () => copyOf('no-hash', (data) => gzipSync(gunzipSync(data).subarray(0, -32))),
    ],
    [
      'a gzip with bytes after its end',
      'gzip: invalid header',
      () => copyOf('followed', (data) => Buffer.concat([data, Buffer.alloc(512)])),
    ],
    [
      'a cut gzip',
      'error expanding file: unexpected EOF',
      () => copyOf('cut', (data) => data.subarray(0, data.length / 2)),
    ],
    [
      'an unknown field in the meta',
      'unknown field "note"',
      () => copyOf('field', (data) => data, { etcdVersion: '3.5.30', note: 'x' }),
    ],
    [
      'an etcd version that is not installed',
      'unknown etcd version v3.1.0',
      () => copyOf('old', (data) => data, { etcdVersion: '3.1.0' }),
    ],
  ]

  it.each(broken)(
    'loops on %s, one more trashed token each time, and never serves',
    async (_what, message, make) => {
      const [trashed, seen] = [await trash(), times(logsOf(lab), message)]
      const key = await order(await make())
      await restartManager(lab)
      await logged(lab, message, seen + 2)
      await waitFor('two more tokens are trashed', 20_000, async () =>
        (await trash()) >= trashed + 2 ? true : undefined,
      )
      await expect(countServed(lab)).rejects.toThrow()
      // what watch-restore goes by
      const refused = logsOf(lab)
        .split('\n')
        .filter((line) => line.includes(message) && readRestoreLine(line)?.kind === 'refused')
      expect(refused.length).toBeGreaterThanOrEqual(2)
      expect(await lab.store.head(key)).toBeDefined()
      // The cure of FACTS 4: delete the command, then restart the leader; the empty cluster is served
      await lab.store.remove(key)
      await restartManager(lab)
      await lab.ready()
      expect(await countServed(lab)).toBe(0)
    },
    90_000,
  )
})
