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

  const EMPTY: [string, string[]][] = [
    ['marker', [CREATED_KEY]],
    ['spec', [SPEC_KEY]],
    ['marker and spec', [CREATED_KEY, SPEC_KEY]],
  ]
  const withEmpty = async (empty: string[]) => {
    const written: [key: string, condition: unknown][] = []
    const inner = memoryStore()
    await addBackup(inner, '2024-03-21T13:00:00Z-000001', '3.5.30', 3)
    for (const [key, body] of [
      [CREATED_KEY, Buffer.from('{}')],
      [SPEC_KEY, encodeSpec({ memberCount: 3, etcdVersion: '3.5.30' })],
    ] as const)
      await inner.write(key, empty.includes(key) ? Buffer.alloc(0) : body)
    const write: ObjectStore['write'] = (key, body, options) => {
      written.push([key, options])
      return inner.write(key, body, options)
    }
    return { inner, store: { ...inner, write }, written }
  }

  test.each(EMPTY)('an empty %s is written over when asked, and only as it was seen', async (_, empty) => {
    const { inner, store, written } = await withEmpty(empty)
    const seen = await Promise.all(empty.map(async (key) => (await inner.read(key)).version))
    const { gives } = await run(store, { repair: 'yes' })
    expect(gives).toEqual({ control: { memberCount: 3, etcdVersion: '3.5.30' } })
    expect(written).toEqual(empty.map((key, index) => [key, { ifVersion: seen[index] }]))
    expect((await run(inner, {})).gives).toEqual(gives)
  })

  test.each(EMPTY)('an empty %s stays when nobody asks for it, and the hint says what works', async (_, empty) => {
    const { store, written } = await withEmpty(empty)
    await expect(run(store, { repair: 'no' })).rejects.toMatchObject({ code: 'CONTROL_FILES', hint: /repair=yes/ })
    await expect(run(store, {})).rejects.toMatchObject({ code: 'ANSWER_MISSING' })
    expect(written).toEqual([])
  })

  test('a marker that got content meanwhile is not written over', async () => {
    const { inner, store } = await withEmpty([CREATED_KEY])
    const write: ObjectStore['write'] = async (key, body, options) => {
      await inner.write(key, Buffer.from('theirs'))
      return inner.write(key, body, options)
    }
    await expect(run({ ...store, write }, { repair: 'yes' })).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect((await inner.read(CREATED_KEY)).body.toString()).toBe('theirs')
  })

  test('a damaged spec is never written over, and no hint says that it would be', async () => {
    const store = memoryStore()
    await store.write(CREATED_KEY, Buffer.from('{}'))
    await store.write(SPEC_KEY, Buffer.from('nonsense'))
    const hint = expect.not.stringContaining('repair=yes')
    await expect(run(store, { repair: 'yes' })).rejects.toMatchObject({ code: 'CONTROL_FILES', hint })
    expect((await store.read(SPEC_KEY)).body.toString()).toBe('nonsense')
  })
})
