import { join } from 'node:path'
import { RescueError } from '../../errors/rescue-error.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { privateDir } from '../files.ts'
import { openLabStore, type S3Access } from '../store.ts'

export interface LabStore {
  /** kOps' state store. */
  state: string
  /** The backup store of `main`, below the state store as kOps has it. */
  backupStore: string
  s3: S3Access | null
  env: Record<string, string>
  main: ObjectStore
  close(): Promise<void>
}

const below = (state: string, cluster: string, name: string): string => `${state}/${cluster}/backups/etcd/${name}`

async function makeFileStore(dir: string, cluster: string): Promise<LabStore> {
  const root = await privateDir(join(dir, 'store'))
  const state = `file://${root}`
  for (const name of ['main', 'events']) await privateDir(below(root, cluster, name))
  const backupStore = below(state, cluster, 'main')
  const main = openLabStore(backupStore, null)
  return { state, backupStore, s3: null, env: {}, main, close: async () => undefined }
}

/** The backup store of the sandbox, as its settings want it. */
export async function makeLabStore(
  dir: string,
  cluster: string,
  settings: { store: 's3' | 'file' },
): Promise<LabStore> {
  if (settings.store === 'file') return makeFileStore(dir, cluster)
  throw new RescueError('BUG', 'the S3 server of the sandbox is not there yet', { hint: 'use --store file' })
}
