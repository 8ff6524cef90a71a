import type { Clock } from './clock.ts'
import type { LiveEtcd, LocalEtcd } from './etcd.ts'
import type { LocalCommands } from './local-command.ts'
import type { ObjectStore } from './object-store.ts'
import type { Prompter } from './prompter.ts'
import type { RemoteHost } from './remote-host.ts'
import type { Scratch } from './scratch.ts'
import type { Target } from './target.ts'

/** Everything outside a step that it may touch. `app.ts` builds the real, the dry-run and the lab world. */
export interface World {
  readonly target: Target
  readonly controlPlane: readonly RemoteHost[]
  readonly workers: readonly RemoteHost[]
  /** The backup store of the target's etcd cluster. */
  readonly store: ObjectStore
  readonly etcd: LocalEtcd
  readonly live: LiveEtcd
  readonly clock: Clock
  readonly prompter: Prompter
  readonly scratch: Scratch
  /** For `run:` steps of people's own runbooks; absent in worlds that have none. */
  readonly local?: LocalCommands
  /** True when changes are withheld. For the engine and the screens; steps must not look at it. */
  readonly dryRun: boolean
  /** Closes connections, forwards and clients. */
  close(): Promise<void>
}
