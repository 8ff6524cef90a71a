import type { ObjectStore } from '../../ports/object-store.ts'
import type { Faults } from '../s3/faults.ts'
import type { S3Access } from '../store.ts'

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
