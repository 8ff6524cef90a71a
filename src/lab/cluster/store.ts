import { join } from 'node:path'
import type { ObjectStore } from '../../ports/object-store.ts'
import { privateDir } from '../files.ts'
import type { Faults } from '../s3/faults.ts'
import { openLabStore, type S3Access } from '../store.ts'
import { makeS3Store } from './s3-store.ts'

export interface LabStore {
  /** kOps' state store. */
  state: string
  /** The backup store of `main`, below the state store as kOps has it. */
  backupStore: string
  s3: S3Access | null
  /** What a process needs to get in, as kOps names it. */
  env: Record<string, string>
  main: ObjectStore
  /** Faults of the S3 server; none with a store on disk. */
  s3Faults: Faults | undefined
  /** A lifecycle rule that removes what is below a prefix of the backup store; undefined where there are no rules. */
  expire: ((prefix: string) => Promise<void>) | undefined
  stopExpiring: () => Promise<void>
  close(): Promise<void>
}

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
