import { join } from 'node:path'
import { privateDir } from '../files.ts'
import { openLabStore } from '../store.ts'
import type { LabStore } from './lab-store.ts'
import { makeS3Store } from './s3-store.ts'

/** The backup store of the sandbox, as its settings want it. */
export function makeLabStore(dir: string, cluster: string, settings: { store: 's3' | 'file' }): Promise<LabStore> {
  const below = (state: string, name: string) => `${state}/${cluster}/backups/etcd/${name}`
  return settings.store === 'file' ? makeFileStore(dir, below) : makeS3Store(dir, below)
}

async function makeFileStore(dir: string, below: (state: string, name: string) => string): Promise<LabStore> {
  const root = await privateDir(join(dir, 'store'))
  for (const name of ['main', 'events']) await privateDir(below(root, name))
  const state = `file://${root}`
  const backupStore = below(state, 'main')
  return {
    state,
    backupStore,
    s3: null,
    env: {},
    main: openLabStore(backupStore, null),
    s3Faults: undefined,
    expire: undefined,
    stopExpiring: async () => undefined,
    close: async () => undefined,
  }
}
