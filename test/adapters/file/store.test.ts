import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore } from '../../../src/adapters/file/store.ts'
import { objectStoreContract } from '../../contracts/object-store.ts'

objectStoreContract('file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'er-file-store-'))
  return {
    store: fileStore(`file://${root}`),
    other: fileStore(`file://${root}/`),
    leftovers: async () => (await readdir(root, { recursive: true })).filter((name) => name.includes('.etcd-rescue-')),
    close: () => rm(root, { recursive: true, force: true }),
  }
})
