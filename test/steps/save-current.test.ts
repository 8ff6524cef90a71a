import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { dirScratch } from '../../src/adapters/scratch/index.ts'
import { RescueError } from '../../src/errors/rescue-error.ts'
import { parseMeta } from '../../src/etcd-manager/backups.ts'
import type { EtcdClient, LiveEtcd } from '../../src/ports/etcd.ts'
import { runStep } from './support/step.ts'

const dir = mkdtempSync(join(tmpdir(), 'rescue-save-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const scratch = dirScratch(join(dir, 'scratch'), { reserveBytes: 0 })
const name = 'before-20240321T130205Z-k3f9aq'

const unreachable = async (): Promise<never> => {
  throw new RescueError('ETCD_UNREACHABLE', 'it does not answer', { hint: 'look' })
}

function serving(over: Partial<EtcdClient> = {}): LiveEtcd {
  const client = {
    status: async () => ({ version: '3.5.30', dbSizeBytes: 8, revision: 7, clusterId: 'ab' }),
    count: async () => 5,
    snapshot: async () => Readable.from([Buffer.from('snapshot')]),
    close: async () => {},
    ...over,
  } as unknown as EtcdClient
  return { connect: async () => client }
}

function save(live: LiveEtcd, confirm?: boolean) {
  const store = memoryStore()
  const prompter = memoryPrompter(confirm === undefined ? {} : { confirm })
  const facts = { control: { memberCount: 3, etcdVersion: '3.5.30' } }
  const done = runStep('save-current', { facts, world: { live, store, scratch, prompter } })
  return { store, done }
}

describe('save-current', () => {
  test('what runs now becomes a backup whose name is never cleaned up', async () => {
    const { store, done } = save(serving())
    expect((await done).gives).toEqual({ saved: { name, keys: 5, revision: 7, clusterId: 'ab' } })
    expect(gunzipSync((await store.read(`${name}/etcd.backup.gz`)).body).toString()).toBe('snapshot')
    expect(parseMeta((await store.read(`${name}/_etcd_backup.meta`)).body).etcdVersion).toBe('3.5.30')
  })

  test('without a quorum nothing is counted, and it is saved all the same', async () => {
    const { done } = save(serving({ count: unreachable }))
    expect((await done).gives).toEqual({ saved: { name, revision: 7, clusterId: 'ab' } })
  })

  test.each([
    ['does not answer', { connect: unreachable }],
    ['breaks off', serving({ snapshot: unreachable })],
  ])('one that %s is gone on without only when the operator agrees', async (_, live) => {
    const agreed = save(live, true)
    expect((await agreed.done).gives).toEqual({ saved: {} })
    expect(await agreed.store.list('')).toEqual([])
    await expect(save(live, false).done).rejects.toMatchObject({ code: 'PRECONDITION', message: /does not answer/ })
    await expect(save(live).done).rejects.toMatchObject({ code: 'ANSWER_MISSING', hint: /--set unsaved=accept/ })
  })
})
