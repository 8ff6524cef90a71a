import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { DATA_FILE, META_FILE, parseBackupName, readBackup } from '../../src/etcd-manager/backups.ts'
import { addBackup, sealedPages, toldStore } from './support/backups.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'

const CHOSEN = '2024-03-21T12:15:00Z-000002'
const KEPT = 'recovered-20240321T130205Z-k3f9aq'

async function scene(chosen = CHOSEN) {
  const log: string[] = []
  const inner = memoryStore()
  const store = toldStore(inner, log)
  const bytes = await addBackup(inner, chosen)
  const backup = { name: chosen, store: store.url, bytes, etcdVersion: '3.5.30' }
  return { inner, store, log, backup, options: { facts: { backup }, world: { store } } }
}

describe('keep-backup', () => {
  test('copies the chosen bytes, data before meta, to a name that the clean-up never deletes', async () => {
    const { inner, log, backup, options } = await scene()
    const { gives, notes } = await runStep('keep-backup', options)
    expect(log).toEqual([`upload ${KEPT}/${DATA_FILE}`, `write ${KEPT}/${META_FILE}`])
    expect(gives).toEqual({ backup: { ...backup, name: KEPT, from: CHOSEN } })
    expect(parseBackupName(KEPT)).toBeUndefined()
    for (const file of [DATA_FILE, META_FILE])
      expect((await inner.read(`${KEPT}/${file}`)).body).toEqual((await inner.read(`${CHOSEN}/${file}`)).body)
    expect((await readBackup(inner, KEPT)).createdAt).toEqual(new Date('2024-03-21T13:00:00Z'))
    expect(notes.join('\n')).toMatch(/clean-up may delete the first, and never the second/)
  })

  test('one that the clean-up has deleted since it was chosen is said, and nothing is published', async () => {
    for (const file of [META_FILE, DATA_FILE]) {
      const { inner, options } = await scene()
      await inner.remove(`${CHOSEN}/${file}`)
      await expect(runStep('keep-backup', options)).rejects.toMatchObject({
        code: 'OBJECT_MISSING',
        message: /has gone from the store since it was chosen/,
        hint: /etcd-rescue recover/,
      })
      expect(await inner.head(`${KEPT}/${META_FILE}`)).toBeUndefined()
    }
  })

  test('one that was written over since is no copy: it gets no meta, so that no reader takes it for a backup', async () => {
    const { inner, options } = await scene()
    await addBackup(inner, CHOSEN, sealedPages(9))
    await expect(runStep('keep-backup', options)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    expect(await inner.head(`${KEPT}/${META_FILE}`)).toBeUndefined()
  })

  test.each(['recovered-incident-1', 'before-20240321T130205Z-aaaaaa'])(
    '%s is restored from where it is',
    async (name) => {
      const { log, backup, options } = await scene(name)
      const { gives, context } = await runStep('keep-backup', options)
      expect(gives).toEqual({ backup })
      await stepOf('keep-backup').undo?.(context as never, gives)
      expect(log).toEqual([])
    },
  )

  // Go reads both as a time, and so does the clean-up
  test.each(['2024-03-21T12:15:00Z', '2024-03-21T13:15:00+01:00'])('%s is a time too', async (name) => {
    const { options } = await scene(name)
    expect((await runStep('keep-backup', options)).gives).toMatchObject({ backup: { name: KEPT, from: name } })
  })

  test('a backup of the same name is not touched', async () => {
    const { inner, log, options } = await scene()
    await inner.write(`${KEPT}/${META_FILE}`, Buffer.from('{"etcdVersion":"3.4.13"}'))
    await expect(runStep('keep-backup', options)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(log).toEqual([])
  })

  test('after a crash: done only with the meta there; data alone is copied again', async () => {
    const { inner, options } = await scene()
    const happened = () => stepOf('keep-backup').happened?.(contextOf('keep-backup', options).context as never)
    await inner.write(`${KEPT}/${DATA_FILE}`, Buffer.from('half'))
    expect(await happened()).toBeUndefined()
    const { gives } = await runStep('keep-backup', options)
    expect(await happened()).toEqual(gives)
  })

  test('undo removes the meta first: half a backup is never one', async () => {
    const { log, options } = await scene()
    const { context, gives } = await runStep('keep-backup', options)
    log.length = 0
    await stepOf('keep-backup').undo?.(context as never, gives)
    expect(log).toEqual([`remove ${KEPT}/${META_FILE}`, `remove ${KEPT}/${DATA_FILE}`])
  })
})
