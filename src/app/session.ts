import type { SshSession } from '../adapters/ssh/session.ts'
import type { ConfigSources } from '../config/index.ts'
import type { Screen } from '../ui/screen.ts'

/** What the operator typed and where they sit: all that a command hands to the functions of `src/app.ts`. */
export interface Session {
  sources: ConfigSources
  workDir?: string
  screen: Screen
  /** stdout is for the result alone. */
  json: boolean
  dryRun: boolean
  yes: boolean
  confirm?: string
  breakLock: boolean
  /** Go on where a store cannot hold a lock. */
  withoutLock?: boolean
  /** False: never ask, even on a terminal. */
  interactive: boolean
  /** Where etcd is, in place of the configuration's. */
  etcdBinDir?: string
  /** One for the command: looking and recovering are one, a passphrase is typed once and a dead node waited for once. */
  ssh: SshSession
  /** Of this tool; written into journals. */
  version: string
}
