import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryClock } from '../../src/adapters/memory/clock.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { EtcdClient } from '../../src/ports/etcd.ts'
import { addBackup } from './support/backups.ts'
import { kvClient, liveAs } from './support/kv-client.ts'
import { node, targetOf } from './support/nodes.ts'
import { runStep } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const KEY = 'control/2024-03-21T13:00:00Z-000000/_command.json'
const OLD = '2024-03-21T12:00:00Z-000001'
const FIRST = '2024-03-21T13:01:00Z-000001'

/** What happens in the world, one entry between two looks; after the last one the deadline passes at once. */
function clockThatDoes(events: (() => unknown)[]): Clock {
  const clock = memoryClock()
  return {
    ...clock,
    sleep: async (ms, signal) => {
      const event = events.shift()
      await clock.sleep(event ? ms : 3_600_000, signal)
      await event?.()
    },
  }
}

async function scene(
  events: (world: { restored: () => void; trash: (token: string) => Promise<unknown> }) => unknown[],
) {
  const root = await tempDir()
  const store = memoryStore()
  await store.write(KEY, Buffer.from('{}'))
  await addBackup(store, OLD)
  const controlPlane = [node('a', { root })]
  let serving: EtcdClient | undefined = kvClient({}, { clusterId: 'before' })
  const trash = (token: string) => mkdir(join(root, 'mnt/v/data-trashcan', token, 'member'), { recursive: true })
  await trash('old')
  const restored = () => {
    serving = kvClient({}, { clusterId: 'after' })
  }
  const off = () => {
    serving = undefined
  }
  const clock = clockThatDoes(events({ restored, trash }) as (() => unknown)[])
  const command = {
    key: KEY,
    backup: 'recovered-x',
    requestedAt: Date.parse('2024-03-21T13:00:00Z'),
    clusterIdBefore: 'before',
  }
  const expected = { keys: 3500, digest: '', revision: 9, dataDir: '/x', minor: '3.5', dataBytes: 1 }
  const facts = { command, earlierBackups: [OLD], expected }
  const world = { store, clock, controlPlane, target: targetOf(controlPlane), live: liveAs(() => serving) }
  return { store, off, run: () => runStep('watch-restore', { facts, world }) }
}

describe('watch-restore', () => {
  test('done only when the command is gone, a new backup is there and another cluster answers', async () => {
    const { store, off, run } = await scene(({ restored }) => [
      () => off(),
      () => store.remove(KEY),
      () => addBackup(store, FIRST),
      () => restored(),
    ])
    const { gives } = await run()
    expect(gives).toEqual({ restoredLive: { clusterId: 'after', seconds: 8, liveRevision: 3501 } })
  })

  test.each<[string, string[], RegExp]>([
    ['the command is still there', ['backup', 'restored'], /the command is still there/],
    ['there is no new backup', ['remove', 'restored'], /no new backup yet/],
    ['the cluster from before is served', ['remove', 'backup'], /the cluster from before \(before\) is still served/],
  ])('not done while %s', async (_, did, last) => {
    const { store, run } = await scene(({ restored }) => [
      async () => {
        if (did.includes('remove')) await store.remove(KEY)
        if (did.includes('backup')) await addBackup(store, FIRST)
        if (did.includes('restored')) restored()
      },
    ])
    await expect(run()).rejects.toMatchObject({ code: 'TIMED_OUT', message: last })
  })

  test('a restore that begins again and again is told as such, with the way out', async () => {
    const { run } = await scene(({ trash }) => [() => trash('one'), () => trash('two'), () => trash('three')])
    await expect(run()).rejects.toMatchObject({
      code: 'BACKUP_INVALID',
      message: /tries again and again: 3 more trashed tokens/,
      hint: /deleting the command does not stop it/,
    })
  })
})
