import { describe, expect, test } from 'vitest'
import { memoryPrompter } from '../../src/adapters/memory/prompter.ts'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { encodeMeta } from '../../src/etcd-manager/backups.ts'
import { CREATED_KEY, encodeSpec, SPEC_KEY } from '../../src/etcd-manager/control.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { runStep } from './support/step.ts'

const run = (store: ObjectStore, inputs: unknown, confirm?: boolean) =>
  runStep('check-control-files', {
    inputs,
    world: { store, ...(confirm === undefined ? {} : { prompter: memoryPrompter({ confirm }) }) },
  })

/** Tells the order in which a step writes. */
function storeWith(written: string[]): ObjectStore {
  const store = memoryStore()
  return {
    ...store,
    write: async (key, body, options) => {
      written.push(key)
      return store.write(key, body, options)
    },
  }
}

async function addBackup(store: ObjectStore, name: string, etcdVersion: string, memberCount: number) {
  await store.write(`${name}/etcd.backup.gz`, Buffer.from('x'))
  await store.write(`${name}/_etcd_backup.meta`, encodeMeta({ etcdVersion, memberCount, at: new Date() }))
}

describe('check-control-files', () => {
  test('marker and spec: nothing is written, the spec is given', async () => {
    const written: string[] = []
    const store = storeWith(written)
    await store.write(CREATED_KEY, Buffer.from('{}'))
    await store.write(SPEC_KEY, encodeSpec({ memberCount: 3, etcdVersion: '3.5.30' }))
    const { gives } = await run(store, {})
    expect(gives).toEqual({ control: { memberCount: 3, etcdVersion: '3.5.30' } })
    expect(written).toHaveLength(2)
  })

  test('both missing: the marker is written before the spec, which is that of the last own backup', async () => {
    const written: string[] = []
    const store = storeWith(written)
    await addBackup(store, '2024-03-20T13:00:00Z-000001', '3.5.29', 3)
    await addBackup(store, '2024-03-21T13:00:00Z-000001', '3.5.30', 3)
    await addBackup(store, 'recovered-20250101T000000Z-abcdef', '3.4.1', 1)
    const { gives, notes } = await run(store, {}, true)
    expect(written.slice(-2)).toEqual([CREATED_KEY, SPEC_KEY])
    expect(gives).toEqual({ control: { memberCount: 3, etcdVersion: '3.5.30' } })
    expect(notes.join('\n')).toContain('as in the backup 2024-03-21T13:00:00Z-000001')
  })

  test.each([
    ['not wanted', { repair: 'no' }, undefined, 'CONTROL_FILES'],
    ['refused', {}, false, 'CONTROL_FILES'],
    ['nobody to ask', {}, undefined, 'ANSWER_MISSING'],
  ])('%s: nothing is written', async (_, inputs, confirm, code) => {
    const written: string[] = []
    const store = storeWith(written)
    await addBackup(store, '2024-03-21T13:00:00Z-000001', '3.5.30', 3)
    await expect(run(store, inputs, confirm)).rejects.toMatchObject({ code })
    expect(written).toHaveLength(2)
  })

  test('a spec that neither a backup nor a node tells is not guessed', async () => {
    const run_ = run(memoryStore(), { repair: 'yes' })
    await expect(run_).rejects.toMatchObject({ code: 'CONTROL_FILES', message: /neither a backup nor a node/ })
  })

  test('an empty marker is never written over', async () => {
    const store = memoryStore()
    await store.write(CREATED_KEY, Buffer.alloc(0))
    await expect(run(store, { repair: 'yes' })).rejects.toMatchObject({ code: 'CONTROL_FILES', message: /empty/ })
  })
})
