import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/adapters/memory/store.ts'
import { memoryTarget } from '../../src/adapters/memory/world.ts'
import { DATA_FILE, META_FILE, parseBackupName, readBackup } from '../../src/etcd-manager/backups.ts'
import { toldStore } from './support/backups.ts'
import { contextOf, runStep, stepOf } from './support/step.ts'
import { tempDir } from './support/temp.ts'

const NAME = 'recovered-20240321T130205Z-k3f9aq'
const node = { address: '10.0.0.1', port: 22, root: '/', volumes: ['/mnt/*'] }
const target = {
  ...memoryTarget,
  nodes: { controlPlane: ['a', 'b', 'c'].map((name) => ({ ...node, name })), workers: [] },
}

async function scene(bytes = 5000) {
  const path = join(await tempDir(), 'etcd.backup.gz')
  await writeFile(path, Buffer.alloc(5000, 'gz'))
  const log: string[] = []
  const inner = memoryStore()
  const store = toldStore(inner, log)
  const facts = {
    gz: { path, bytes, sha256: '0'.repeat(64) },
    restored: { version: '3.5.30', minor: '3.5', dataDir: '/x', way: 'wal', revision: 9, keys: 3, wal: {}, db: {} },
  }
  return { inner, store, log, options: { facts, world: { store, target } } }
}

describe('publish-backup', () => {
  test('data before meta, under a name that the clean-up never deletes', async () => {
    const { store, log, options } = await scene()
    const { gives } = await runStep('publish-backup', options)
    expect(log).toEqual([`upload ${NAME}/${DATA_FILE}`, `write ${NAME}/${META_FILE}`])
    expect(gives).toEqual({ backup: { name: NAME, store: store.url, bytes: 5000, etcdVersion: '3.5.30', keys: 3 } })
    expect(parseBackupName(NAME)).toBeUndefined()
    const { meta } = await readBackup(store, NAME)
    expect(meta).toMatchObject({ etcdVersion: '3.5.30', clusterSpec: { memberCount: 3, etcdVersion: '3.5.30' } })
  })

  test('a backup of the same name is not touched', async () => {
    const { inner, log, options } = await scene()
    await inner.write(`${NAME}/${META_FILE}`, Buffer.from('{"etcdVersion":"3.4.13"}'))
    await expect(runStep('publish-backup', options)).rejects.toMatchObject({ code: 'STORE_CONFLICT' })
    expect(log).toEqual([])
  })

  test('an upload of another length gets no meta, so that no reader takes it for a backup', async () => {
    const { inner, options } = await scene(5001)
    await expect(runStep('publish-backup', options)).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    expect(await inner.head(`${NAME}/${META_FILE}`)).toBeUndefined()
  })

  test('happened: only with the meta there; data alone is uploaded again', async () => {
    const { inner, options } = await scene()
    const happened = () => stepOf('publish-backup').happened?.(contextOf('publish-backup', options).context as never)
    await inner.write(`${NAME}/${DATA_FILE}`, Buffer.alloc(5000))
    expect(await happened()).toBeUndefined()
    await inner.write(`${NAME}/${META_FILE}`, Buffer.from('{"etcdVersion":"3.5.30"}'))
    expect(await happened()).toMatchObject({ backup: { name: NAME, bytes: 5000 } })
  })

  test('undo removes the meta first: half a backup is never one', async () => {
    const { inner, log, options } = await scene()
    const { context } = await runStep('publish-backup', options)
    log.length = 0
    await stepOf('publish-backup').undo?.(context as never, undefined)
    expect(log).toEqual([`remove ${NAME}/${META_FILE}`, `remove ${NAME}/${DATA_FILE}`])
    expect(await inner.list('')).toEqual([])
  })
})
